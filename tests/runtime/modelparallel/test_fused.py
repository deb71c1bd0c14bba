"""Plain equivalents of fused optimizers, against torch and against the papers' formulas."""

import pytest
import torch
from torch import nn

from jupyter_sdt.runtime.modelparallel.fused import (
    FusedAdam,
    FusedLAMB,
    FusedLayerNorm,
    FusedNovoGrad,
)


def trained(make, steps=5, seed=0):
    """Parameters after some steps on noise; the gradients depend on the seed alone."""
    torch.manual_seed(seed)
    parameters = [torch.randn(4, 3).double().requires_grad_() for _ in range(2)]
    optimizer = make(parameters)
    for _ in range(steps):
        for parameter in parameters:
            parameter.grad = torch.randn_like(parameter)
        optimizer.step()
    return parameters


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_fused_adam_is_torchs_adamw_or_adam(decay):
    for ours, theirs in (
        (True, torch.optim.AdamW),
        (False, torch.optim.Adam),
    ):
        mine = trained(lambda p, w=ours: FusedAdam(p, 0.01, adam_w_mode=w, weight_decay=decay))
        right = trained(lambda p, o=theirs: o(p, 0.01, weight_decay=decay))
        torch.testing.assert_close(mine, right, rtol=1e-9, atol=1e-12)


def test_lamb_without_decay_is_adam_on_clipped_gradients():
    torch.manual_seed(0)
    weight = torch.randn(5).double()
    mine, right = weight.clone().requires_grad_(), weight.clone().requires_grad_()
    lamb = FusedLAMB([mine], 0.01, weight_decay=0.0, eps=1e-8)
    adam = torch.optim.Adam([right], 0.01, eps=1e-8)
    for _ in range(4):
        gradient = 3 * torch.randn(5).double()
        mine.grad, right.grad = gradient.clone(), gradient.clone()
        nn.utils.clip_grad_norm_([right], 1.0)
        lamb.step()
        adam.step()
    torch.testing.assert_close(mine, right, rtol=1e-5, atol=1e-7)


def test_lamb_moves_a_layer_in_proportion_to_its_size():
    large, small = torch.full((4,), 100.0), torch.full((4,), 1.0)
    for layer in (large, small):
        layer.requires_grad_().grad = torch.full((4,), 0.1)
    before = [large.detach().clone(), small.detach().clone()]
    FusedLAMB([large, small], lr=0.01, weight_decay=0.0, use_nvlamb=True).step()
    moved = [(was - now).norm() for was, now in zip(before, (large, small), strict=True)]
    # The change has the norm lr * ||weights||, whatever the gradient.
    torch.testing.assert_close(moved, [torch.tensor(2.0), torch.tensor(0.02)])


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("averaging", [False, True])
def test_novograd_follows_its_formula(inside, averaging):
    lr, (b1, b2), eps, decay = 0.02, (0.9, 0.8), 1e-8, 0.05
    torch.manual_seed(1)
    weight = torch.randn(6).double()
    mine = weight.clone().requires_grad_()
    optimizer = FusedNovoGrad(
        [mine], lr, betas=(b1, b2), eps=eps, weight_decay=decay,
        reg_inside_moment=inside, grad_averaging=averaging,
    )  # fmt: skip
    mean, square = torch.zeros(6).double(), None
    for step in range(1, 5):
        gradient = torch.randn(6).double()
        mine.grad = gradient.clone()
        optimizer.step()
        norm = gradient.norm()
        square = norm**2 if square is None else b2 * square + (1 - b2) * norm**2
        size = (square / (1 - b2**step)).sqrt() + eps
        part = 1 - b1 if averaging else 1.0
        correct = 1 - b1**step
        if inside:
            mean = b1 * mean + part * (gradient / size + decay * weight)
            weight = weight - lr * mean / correct
        else:
            mean = b1 * mean + part * gradient
            weight = weight - lr * (mean / correct / size + decay * weight)
    torch.testing.assert_close(mine.detach(), weight)


@pytest.mark.parametrize("kind", [FusedAdam, FusedLAMB, FusedNovoGrad])
def test_state_is_saved_and_loaded_and_amsgrad_is_refused(kind):
    def interrupted(parameters):
        first = kind(parameters, 0.01)
        for _ in range(2):
            for parameter in parameters:
                parameter.grad = torch.randn_like(parameter)
            first.step()
        second = kind(parameters, 0.5)
        second.load_state_dict(first.state_dict())
        return second

    torch.testing.assert_close(
        trained(interrupted, steps=3), trained(lambda p: kind(p, 0.01)), rtol=0, atol=0
    )
    with pytest.raises(RuntimeError, match="does not support the AMSGrad"):
        kind([torch.ones(1, requires_grad=True)], amsgrad=True)


def test_a_closure_is_called_with_gradients_on_and_grads_are_forgotten():
    weight = torch.ones(2, requires_grad=True)
    optimizer = FusedAdam([weight], set_grad_none=False)

    def closure():
        loss = (weight**2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure) == 2.0
    optimizer.zero_grad()
    assert torch.equal(weight.grad, torch.zeros(2))
    optimizer.zero_grad(set_to_none=True)
    assert weight.grad is None


def test_the_fused_norm_takes_half_input_with_full_weights():
    torch.manual_seed(0)
    plain, fused = nn.LayerNorm(8), FusedLayerNorm(8)
    values = torch.randn(2, 8)
    torch.testing.assert_close(fused(values), plain(values))
    half = fused(values.bfloat16())
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), plain(values), rtol=0.02, atol=0.02)
    assert FusedLayerNorm(8, elementwise_affine=False)(values.bfloat16()).dtype == torch.bfloat16
