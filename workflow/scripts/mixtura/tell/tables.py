"""The tables that findings, report, figures and cards read or write, by name."""

import dataframely as dy

from mixtura.core.tables import Table
from mixtura.curate.tables import Curation
from mixtura.generate.tables import Generation
from mixtura.infer.surface.tables import Surface
from mixtura.infer.tables import (
    Alternatives,
    Arms,
    Collapse,
    Findings,
    Hypotheses,
    ItemPredictions,
    LabelGains,
    LmEval,
    LmEvalFindings,
    Searches,
)
from mixtura.measure.tables import Diversity, Embeddings, Shift, Similarity
from mixtura.prepare.tables import CONVERSATIONS, INSTRUCTION, MULTILABEL, QA


class Exported(Table, file="export/NAME/data/train.parquet"):
    """An exported data set: the columns that the real rows have, none of how a row came about."""

    id = dy.String(description="id of the row")
    text = dy.String(description="what a model is trained on; of qa, the question")
    label = dy.String(metadata={"only": "tasks of kind classification"}, description="the label")
    labels = dy.List(
        dy.String(), nullable=True, metadata=MULTILABEL, description="its labels, perhaps none"
    )
    context = dy.String(metadata=QA, description="text that holds the answers")
    question = dy.String(metadata=QA, description="question about the context")
    answers = dy.List(dy.String(), metadata=QA, description="right answers, perhaps none")
    prompt = dy.String(metadata=INSTRUCTION, description="what the model is asked")
    response = dy.String(metadata=INSTRUCTION, description="what the model should answer")
    messages = dy.String(
        nullable=True, metadata=CONVERSATIONS, description="all turns, JSON; none of generated rows"
    )
    source = dy.String(metadata={"only": "the recommended mix"}, description="real or generated")


TABLES: dict[str, type[Table]] = {
    "predictions": ItemPredictions,
    "arms": Arms,
    "findings": Findings,
    "hypotheses": Hypotheses,
    "surface": Surface,
    "labels": LabelGains,
    "search": Searches,
    "alternatives": Alternatives,
    "similarity": Similarity,
    "collapse": Collapse,
    "lm_eval": LmEval,
    "lm_eval_findings": LmEvalFindings,
    "diversity": Diversity,
    "shift": Shift,
    "curation": Curation,
    "generation": Generation,
    "reference": Embeddings,
}
