"""How diverse a set is: one family of measures a file. Arrays and texts in, numbers out.

Measures of meaning take an (n, d) array or torch tensor, never change it, and raise ValueError for
what `measure.blocks.matrix` refuses. Rows are scaled to unit length unless the text says otherwise,
so cosine similarity is an inner product. Measures of words take texts as `measure.words` does.
Almost all values grow with n: compare at equal n, and n-grams at an equal token budget. Sources:
section 2 of the paper's notes.
"""

from mixtura.measure.diversity.compression import compression_ratio
from mixtura.measure.diversity.dcscore import dcscore
from mixtura.measure.diversity.entropy import entropy, label_entropy, length_entropy
from mixtura.measure.diversity.llm_cluster import llm_cluster_score
from mixtura.measure.diversity.neighbours import chamfer_distance, facility_location, knn_distance
from mixtura.measure.diversity.ngrams import distinct_n, ngram_diversity, self_repetition
from mixtura.measure.diversity.novelsum import novelsum, novelsum_density
from mixtura.measure.diversity.overlap import rouge_l_homogenisation, self_bleu
from mixtura.measure.diversity.partitions import kmeans_inertia, partition, partition_entropy
from mixtura.measure.diversity.spread import mean_pairwise_distance, radius
from mixtura.measure.diversity.vendi import log_determinant, spectrum, vendi_score
from mixtura.measure.diversity.vocabulary import hdd, mattr, mtld
from mixtura.measure.words import words

__all__ = [
    "chamfer_distance",
    "compression_ratio",
    "dcscore",
    "distinct_n",
    "entropy",
    "facility_location",
    "hdd",
    "kmeans_inertia",
    "knn_distance",
    "label_entropy",
    "length_entropy",
    "llm_cluster_score",
    "log_determinant",
    "mattr",
    "mean_pairwise_distance",
    "mtld",
    "ngram_diversity",
    "novelsum",
    "novelsum_density",
    "partition",
    "partition_entropy",
    "radius",
    "rouge_l_homogenisation",
    "self_bleu",
    "self_repetition",
    "spectrum",
    "vendi_score",
    "words",
]
