"""Sum up what generation took: one row for each set, from the statistics of its jobs."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixtura.core.packages import versions_of_parts
from mixtura.core.sets import SetKey, set_of
from mixtura.core.tables import read_about, read_table, write_table
from mixtura.curate.tables import Counts
from mixtura.generate.settings import CollectGenerationSettings
from mixtura.generate.summary import generation_rows
from mixtura.generate.tables import Generation
from mixtura.job import Job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job, paths = Job(snakemake, CollectGenerationSettings), snakemake.input
settings = job.settings
sets: dict[SetKey, list[dict[str, Any]]] = {}
for path in paths.shards:
    sets.setdefault(set_of(Path(path).parent), []).append(json.loads(Path(path).read_text()))
for path in paths.added:
    sets[set_of(path)].append(json.loads(Path(path).read_text()))
accepted = {set_of(path): read_table(path, Counts)["rows_out"][-1] for path in paths.counts}
accepted |= dict(settings.paraphrases)
origins, largest = dict(settings.origins), settings.largest
table = generation_rows(sets, accepted, largest, settings.prices, origins, settings.hours)
parts = versions_of_parts(map(read_about, paths.counts))
write_table(table, snakemake.output[0], Generation, parts=parts)
job.done(rows=table.height)
