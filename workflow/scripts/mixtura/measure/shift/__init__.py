"""How far generated data lies from real data: one family of measures a file.

`x` is the real set, (n, d), and `y` the generated one, (m, d), arrays or torch tensors, as they
are: no row is normalised here (give unit rows if your embedder means cosine). Every function raises
ValueError for what `measure.blocks.matrix` refuses and for different d. Most values depend on n and
m: call them again with real against held-out real of the same size, that is the noise floor.
Sources: section 3 of the paper's notes.
"""

from mixtura.measure.shift.c2st import c2st
from mixtura.measure.shift.energy import energy_distance
from mixtura.measure.shift.frechet import frechet_distance
from mixtura.measure.shift.labels import label_shift, total_variation
from mixtura.measure.shift.lengths import length_shift, length_shift_test
from mixtura.measure.shift.mauve import mauve
from mixtura.measure.shift.mmd import median_bandwidth, mmd, mmd_test
from mixtura.measure.shift.nearest_real import nearest_real_distance
from mixtura.measure.shift.ngram_model import NgramModel
from mixtura.measure.shift.ngrams import ngram_jensen_shannon
from mixtura.measure.shift.perplexity import perplexity_gap
from mixtura.measure.shift.prdc import prdc
from mixtura.measure.shift.tail_loss import tail_loss
from mixtura.measure.shift.wasserstein import sliced_wasserstein

__all__ = [
    "NgramModel",
    "c2st",
    "energy_distance",
    "frechet_distance",
    "label_shift",
    "length_shift",
    "length_shift_test",
    "mauve",
    "median_bandwidth",
    "mmd",
    "mmd_test",
    "nearest_real_distance",
    "ngram_jensen_shannon",
    "perplexity_gap",
    "prdc",
    "sliced_wasserstein",
    "tail_loss",
    "total_variation",
]
