"""Fine-tune a generator on the mix of the round before: the model of a round of a loop."""

from typing import TYPE_CHECKING

from mixtura.core.sets import set_of
from mixtura.core.tables import read_table, read_tables, write_table
from mixtura.curate.tables import Curated
from mixtura.job import Job
from mixtura.prepare.tables import Splits, read_texts, with_generated
from mixtura.train.mix import mix_rows
from mixtura.train.runs import keep_model, step_statistics
from mixtura.train.settings import TuneSettings
from mixtura.train.tables import TunedMix, TunedSteps
from mixtura.train.trainer import Restart, progress_lines
from mixtura.train.tuning import Writer

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, TuneSettings)
settings, inputs, output = job.settings, snakemake.input, snakemake.output
replicate = set_of(output.model).replicate
data, splits = read_texts(inputs.data), read_table(inputs.splits, Splits)
generated = read_tables(inputs.generated, Curated)
mix = mix_rows(splits, generated, settings.mix, replicate, settings.seed)
texts = with_generated(data, [generated], "topic", "fields")
rows = mix.join(texts, on="id", maintain_order="left")
writer = Writer(inputs.model, settings.prompting, settings.training(), settings.seed)
restart = Restart(job.resume, snakemake.resources.checkpoint_minutes)
steps = writer.learn(*writer.pairs(rows), progress_lines(job.say), restart)
keep_model(output.model, writer)
write_table(mix, output.mix, TunedMix, **settings.model_dump(mode="json"))
write_table(steps, output.steps, TunedSteps)
real = mix.filter(source="real").height
job.done(rows=mix.height, real=real, **step_statistics(steps))
