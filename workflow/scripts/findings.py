"""Compare every arm with real data alone, and say what the comparisons show."""

from pathlib import Path
from typing import TYPE_CHECKING

from mixtura.core.files import write_text
from mixtura.core.sets import set_of
from mixtura.core.tables import read_about, read_table, read_tables, write_table
from mixtura.generate.tables import Generation
from mixtura.infer.replicates import mean_of_draws
from mixtura.infer.results import StudyTables
from mixtura.infer.settings import FindingsSettings
from mixtura.infer.study_results import study_results
from mixtura.job import Job
from mixtura.prepare.model_size import parameters
from mixtura.tell.caveats import PARTS, caveats
from mixtura.tell.findings import findings_text
from mixtura.tell.tables import TABLES
from mixtura.train.tables import LmEvalItems, LmEvalResults, Perplexity

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

OTHERS = ("alternatives", "similarity")  # tables of some studies
job = Job(snakemake, FindingsSettings)
settings, inputs, output = job.settings, snakemake.input, snakemake.output
study = StudyTables(*(read_table(inputs[name], TABLES[name]) for name in StudyTables._fields))
sizes = dict(zip(settings.models, map(parameters, map(Path, inputs.models)), strict=True))
perplexity = ((set_of(file)[:3], read_table(file, Perplexity)) for file in inputs.perplexity)
items = read_tables(inputs.lm_eval_items, LmEvalItems) if inputs.lm_eval_items else None
results = study_results(study, settings, sizes, perplexity, items)
data = {Path(file).stem: read_about(file) for file in (inputs.data, *inputs.shifted)}
notes = caveats(data, {name: read_about(inputs[name]) for name in PARTS})
tables = results.tables()
if inputs.lm_eval:
    tables["lm_eval"] = read_tables(inputs.lm_eval, LmEvalResults)
generation = read_table(inputs.generation, Generation)
panels = map(mean_of_draws, (study.diversity, study.shift, generation))
others = {name: read_table(inputs[name], TABLES[name]) for name in OTHERS if inputs.get(name)}
text = findings_text(
    *(results, *panels, tables.get("lm_eval")), settings.lengths, settings.shared, notes, **others
)
about = {"findings": {"notes": notes}, "hypotheses": {"parameters": sizes}}
for name, table in tables.items():
    write_table(table, output[name], TABLES[name], empty=True, **about.get(name, {}))
write_text(output.text, text)
job.done(rows=results.findings.height, tests=results.hypotheses.height)
