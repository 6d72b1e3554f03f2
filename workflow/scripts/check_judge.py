"""Ask a judge of answers about real ones, right and wrong: is it of any use?"""

from pathlib import Path
from typing import TYPE_CHECKING

from mixtura.core.tables import read_table, write_table
from mixtura.curate.filters.quality import area_of_judge
from mixtura.curate.quality import with_corrupted
from mixtura.curate.settings import JudgeSettings
from mixtura.curate.tables import JudgedTest
from mixtura.generate.backends import open_backend
from mixtura.generate.settings import Running
from mixtura.infer.judging import PARTS, rows_to_check, stored_answers
from mixtura.job import Job
from mixtura.prepare.tables import Rows, Splits

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, JudgeSettings)
paths, params, settings = snakemake.input, snakemake.params, job.settings
rows = rows_to_check(read_table(paths.data, Rows, PARTS), read_table(paths.splits, Splits))
running = Running.from_json(params.running)
model = next(iter(paths.model), None)
backend = open_backend(settings.generator, model, running, resume=job.resume)
depends, store = [params.content, params.code], Path(params.store)
answers = stored_answers(rows, settings, backend, depends, store, job.resume, job.say)
table, name = with_corrupted(answers.select("id", "judged")), snakemake.wildcards.judge
area = area_of_judge(table, name, "evaluation.judge")
about = {"judge": name, "area": area, "checked": table.height, "versions": backend.about}
write_table(table, snakemake.output[0], JudgedTest, **settings.model_dump(mode="json"), **about)
job.done(rows=rows.height, unanswered=answers.filter(judged="").height)
