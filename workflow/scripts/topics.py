"""Ask a generator for topics until there are enough different ones; one a line."""

from typing import TYPE_CHECKING

from mixtura.core.files import write_text
from mixtura.core.tables import read_table
from mixtura.generate.backends import open_backend
from mixtura.generate.settings import Running, TopicsSettings
from mixtura.generate.topics import write_topics
from mixtura.job import Job
from mixtura.prepare.tables import Examples

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, TopicsSettings)
examples = read_table(snakemake.input.examples, Examples)
running = Running.from_json(snakemake.params.running)
backend = open_backend(
    job.settings.generator, next(iter(snakemake.input.model), None), running, resume=job.resume
)
topics, prompts = write_topics(job.settings, examples, backend, job.resume, job.say)
write_text(snakemake.output[0], "\n".join([*topics, ""]))
job.done(topics=len(topics), prompts=prompts)
