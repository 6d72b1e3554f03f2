"""Translate real rows there and back: a set that is mixed in place of generated rows."""

from typing import TYPE_CHECKING

from mixtura.core.tables import read_table, write_table
from mixtura.curate.alternatives import as_set
from mixtura.curate.settings import TranslateSettings
from mixtura.curate.tables import Answers, Curated
from mixtura.curate.translate import back_translations, translated_rows
from mixtura.generate.backends import open_backend
from mixtura.generate.settings import Running
from mixtura.job import Job
from mixtura.prepare.tables import Examples

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job, paths = Job(snakemake, TranslateSettings), snakemake.input
settings, output = job.settings, snakemake.output
real = read_table(paths.examples, Examples)
running = Running.from_json(snakemake.params.running)
models = [settings.generator, *([settings.back] if settings.back else [])]
folders = [*paths.model] or [None]  # a server needs none
backends = [
    open_backend(model, folder, running, resume=job.resume)
    for model, folder in zip(models, folders, strict=True)
]
answers = back_translations(real, settings, backends, job.resume, job.say)
names = f"back-translation/{snakemake.wildcards.generator}/{snakemake.wildcards.draw}"
rows = as_set(translated_rows(answers, real, settings.n), names)
about = {**settings.model_dump(mode="json"), "versions": backends[0].about}
write_table(answers, output.answers, Answers, **about)
write_table(rows, output.rows, Curated, **about)
gpus = snakemake.resources.get("gpu", 0)
job.done(threads=snakemake.threads, gpus=gpus, rows=rows.height)
