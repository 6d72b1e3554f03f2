"""Read the real rows of the task, or of another test set, and write them in canonical form."""

from typing import TYPE_CHECKING

from mixtura.core.draw import equal_weights, prefix_in_proportion, shuffled
from mixtura.core.tables import write_table
from mixtura.job import Job
from mixtura.prepare.fetch import fetch_sides
from mixtura.prepare.settings import TaskSettings
from mixtura.prepare.tables import Rows

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, TaskSettings)
settings = job.settings
rows, left_out, contradicting = fetch_sides(settings, snakemake.params.content)
if sample := settings.sample:
    weights = equal_weights(rows) if sample.balance == "equal" else None
    rows = prefix_in_proportion(shuffled(rows, sample.seed, "shifted"), sample.rows, weights)
about = {"left_out": left_out, "contradicting": contradicting}
write_table(rows, snakemake.output[0], Rows, **settings.model_dump(mode="json"), **about)
for reason, count in left_out.items():
    job.say(f"{count} rows are left out: {reason}")
if contradicting:
    job.say(f"{contradicting} rows have a text that also has another label")
job.done(rows=rows.height, left_out=left_out, contradicting=contradicting)
