"""Measure how far one generated set is from real text, beside held-out real text."""

from pathlib import Path
from typing import TYPE_CHECKING

from mixtura.core.contents import content_digest
from mixtura.core.digest import digest
from mixtura.core.draw import prefix_in_proportion
from mixtura.core.sets import set_of
from mixtura.core.tables import read_table, write_table
from mixtura.job import Job
from mixtura.measure.noise_floor import read_floors, write_floors
from mixtura.measure.scores import load_measures, measured_rows, of_set, parts_of
from mixtura.measure.settings import ShiftSettings
from mixtura.measure.shift_panel import shift_panel
from mixtura.measure.tables import Embeddings, Shift

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job, gpu = Job(snakemake, ShiftSettings), bool(snakemake.resources.get("gpu", 0))
settings, params = job.settings, snakemake.params
reference = read_table(snakemake.input.reference, Embeddings)
first = prefix_in_proportion(reference, settings.n)
others = reference.join(first, on="id", how="anti", maintain_order="left")
second = prefix_in_proportion(others, settings.n)
real, held_out = (parts_of(half, gpu) for half in (first, second))
rows = read_table(snakemake.input.generated, Embeddings)
generated = parts_of(measured_rows(rows, settings.n, settings.seed), gpu)
of_real = settings.model_dump(mode="json", exclude={"shown"})
parts = [content_digest(Path(snakemake.input.reference)), of_real, params.code, gpu]
store = Path(params.store, f"{digest(parts)}.json")
floors = read_floors(store)
kept = len(floors)
panel = shift_panel(
    *(real.texts, real.embeddings, generated.texts, generated.embeddings),
    *(held_out.texts, held_out.embeddings),
    real_labels=real.labels,
    generated_labels=generated.labels,
    held_out_labels=held_out.labels,
    repeats=settings.repeats,
    seed=settings.seed,
    measures=settings.measures,
    options=settings.options,
    own=load_measures(params.own),
    floors=floors,
    progress=job.say,
)
if len(floors) > kept:
    write_floors(floors, store)
names = set_of(snakemake.output[0]).columns(settings.shown)
scores = of_set(panel, {**names, "embedder": settings.embedder})
write_table(scores, snakemake.output[0], Shift, **settings.model_dump(mode="json"))
job.done(rows=scores.height)
