"""Direct collectives of rows: what gloo computes, in turn with others, and never past a mistake."""

import pytest

BODY = """
from jupyter_sdt.errors import CollectiveError
from jupyter_sdt.runtime.dataparallel.rows import rows_of
direct = rows_of(dist.group.WORLD)
assert rows_of(gloo) is None
kinds = [torch.float32, torch.float64, torch.bfloat16, torch.int64]
for seed, dtype in enumerate(kinds * 3):
    for shape in ((2, 3), (1, 5, 7), (40, 129)):
        x = seeded(torch.Size(shape).numel(), dtype, seed).view(shape)
        whole = torch.empty(size * shape[0], *shape[1:], dtype=dtype)
        dist.all_gather_into_tensor(whole, x, group=gloo)
        found = direct.gather(x)
        assert torch.equal(found, whole)
        y = seeded(whole.numel(), dtype, seed + 7).view(whole.shape)
        total = y.clone()
        dist.all_reduce(total, group=gloo)
        found = direct.scatter(y.transpose(0, -1).contiguous().transpose(0, -1))
        close(found, total.chunk(size)[rank])
        summed = direct.sum(y)
        assert (summed is y) == (size == 2)
        if summed is not None:
            close(y, total)
            same_everywhere(y)
x = seeded(6, torch.float32, 1).view(2, 3)
for big in (torch.ones(300_000), torch.ones(0), torch.ones(3).bool(), torch.ones(3).cfloat()):
    assert direct.gather(big) is direct.scatter(big) is direct.sum(big) is None

# What others have begun comes first, and what comes later waits.
works, expected = [], float(size)
for number in range(20):
    flag = torch.ones(200_000)
    works.append((dist.all_reduce(flag, async_op=True), flag))
    assert direct.gather(x).shape == (2 * size, 3)
for work, flag in works:
    work.wait()
    assert (flag == expected).all()
assert direct.gather(x) is not None

# Gradients are no business of this; what was given is not changed.
leaf = x.clone().requires_grad_()
assert not direct.gather(leaf).requires_grad and torch.equal(leaf, x)
if size > 1:
    try:
        direct.gather(x) if rank else direct.scatter(x.repeat(size, 1))
    except CollectiveError as error:
        assert "of rows" in str(error) and "do not ask for the same" in str(error), error
    else:
        raise AssertionError("not noticed")
    assert direct.gather(x).shape == (2 * size, 3)
"""


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_rows_are_those_of_gloo_in_turn_with_other_collectives(agree, ranks):
    agree(BODY, ranks)
