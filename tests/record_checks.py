"""What records drawn from a generator must be, whichever drew them."""

import numpy as np

from wearsynth.data import FloatArray
from wearsynth.generators.records import RecordShape, cosine_basis
from wearsynth.representation import octaves


def assert_white_and_constant(records: FloatArray, shape: RecordShape, *, atol: float) -> None:
    """Check that shapes are white, those of the third trace over two channels, and numbers constant."""
    count = len(records)
    assert records.shape == (count, shape.generated, shape.steps)
    assert records.dtype == np.float32
    folded = (
        records[:, 2:4].transpose(0, 2, 1).reshape(count, -1)
    )  # two network channels, one trace
    for trace in (records[:, 0], records[:, 1], folded):
        spectrum = trace @ cosine_basis(trace.shape[1]).numpy().T
        np.testing.assert_allclose(spectrum[:, 0], 0, atol=1e-5)
        for octave in octaves(trace.shape[1]):
            rms = np.sqrt(np.square(spectrum[:, octave]).mean(axis=1))
            np.testing.assert_allclose(rms, 1, atol=atol)
    assert (records[:, shape.shapes :] == records[:, shape.shapes :, :1]).all()
