"""A small Mask R-CNN finds shapes, their boxes and their outlines, as a Horovod script.

    estimator = PyTorch(
        entry_point="shapes_mask_rcnn.py",
        source_dir="examples/scripts",
        distribution={"mpi": {"enabled": True, "processes_per_host": 2}},
    )
    estimator.fit()

The script draws its pictures itself: two shapes, coloured by chance, on noise. First a network says
for each cell whether the centre of an object lies there and where its box ends; then each box is cut
out of the features, and two heads tell its class and its mask (He et al. 2017,
https://arxiv.org/abs/1703.06870).
"""

import argparse

import torch
import torch.nn.functional as F
from torch import nn

import horovod.torch as hvd

SIDE, STRIDE, CLASSES, CUT, MASK = 48, 4, 3, 6, 12  # classes: disc, square, triangle


def pictures(count, generator):
    """Pictures (n, 3, side, side), boxes (n, 2, 4) as x0 y0 x1 y1, classes and masks of 2 objects."""

    def draw(*size):
        return torch.rand(*size, generator=generator)

    half = 5 + 4 * draw(count, 2)
    # One object in the left half and one in the right.
    x = half + draw(count, 2) * (SIDE / 2 - 2 * half) + torch.tensor([0, SIDE / 2])
    y = half + draw(count, 2) * (SIDE - 2 * half)
    classes = torch.randint(CLASSES, (count, 2), generator=generator)
    pixel = torch.arange(SIDE) + 0.5
    dx = (pixel - x[..., None])[:, :, None, :] / half[..., None, None]
    dy = (pixel - y[..., None])[:, :, :, None] / half[..., None, None]
    disc = dx**2 + dy**2 <= 1
    square = (dx.abs() <= 1) & (dy.abs() <= 1)
    triangle = square & (dx.abs() <= (dy + 1) / 2)
    kinds = torch.stack([disc, square, triangle], 2)
    masks = kinds[torch.arange(count)[:, None], torch.arange(2), classes].float()
    images = 0.3 * draw(count, 3, SIDE, SIDE)
    for number in range(2):
        colour = 0.4 + 0.6 * draw(count, 3, 1, 1)
        mask = masks[:, number, None]
        images = images * (1 - mask) + colour * mask
    return images, torch.stack([x - half, y - half, x + half, y + half], 2), classes, masks


def cut(features, boxes, size):
    """What lies in ``boxes`` (n, k, 4) of ``features`` (n, c, h, w), as (n * k, c, size, size)."""
    count, boxes_each = boxes.shape[:2]
    steps = (torch.arange(size) + 0.5) / size
    x = boxes[..., 0, None] + steps * (boxes[..., 2] - boxes[..., 0])[..., None]
    y = boxes[..., 1, None] + steps * (boxes[..., 3] - boxes[..., 1])[..., None]
    grid = torch.stack(
        [x[:, :, None, :].expand(-1, -1, size, -1), y[:, :, :, None].expand(-1, -1, -1, size)], -1
    )
    grid = grid.reshape(count, boxes_each * size, size, 2) * 2 / SIDE - 1
    found = F.grid_sample(features, grid, align_corners=False)
    return found.unflatten(2, (boxes_each, size)).transpose(1, 2).flatten(0, 1)


class MaskRCNN(nn.Module):
    def __init__(self, width=32):
        super().__init__()

        def layer(inputs, stride):
            convolution = nn.Conv2d(inputs, width, 3, stride, 1)
            return nn.Sequential(convolution, nn.GroupNorm(4, width), nn.ReLU())

        self.backbone = nn.Sequential(
            layer(3, 2), layer(width, 1), layer(width, 2), layer(width, 1)
        )
        self.proposals = nn.Sequential(layer(width, 1), nn.Conv2d(width, 5, 1))
        self.kind = nn.Sequential(
            nn.Flatten(), nn.Linear(width * CUT * CUT, 64), nn.ReLU(), nn.Linear(64, CLASSES)
        )
        self.mask = nn.Sequential(
            layer(width, 1),
            nn.ConvTranspose2d(width, width, 2, 2),
            nn.ReLU(),
            nn.Conv2d(width, 1, 1),
        )
        cells = (torch.arange(SIDE // STRIDE) + 0.5) * STRIDE
        y, x = torch.meshgrid(cells, cells, indexing="ij")
        self.register_buffer("centres", torch.stack([x, y, x, y]))

    def propose(self, images):
        """Features, a logit of each cell, and the box that would belong to it."""
        features = self.backbone(images)
        found = self.proposals(features)
        away = 10 * torch.tensor([-1, -1, 1, 1]).view(4, 1, 1) * F.softplus(found[:, 1:])
        return features, found[:, 0], (self.centres + away).permute(0, 2, 3, 1)

    def look(self, features, boxes):
        """Logits of class (n, k, classes) and mask (n, k, mask, mask) of what lies in the boxes."""
        pieces, shape = cut(features, boxes, CUT), boxes.shape[:2]
        return self.kind(pieces).unflatten(0, shape), self.mask(pieces).squeeze(1).unflatten(
            0, shape
        )


def loss_of(model, images, boxes, classes, masks, generator):
    features, logits, proposed = model.propose(images)
    middle = ((boxes[..., :2] + boxes[..., 2:]) / 2 / STRIDE).long().clamp(0, SIDE // STRIDE - 1)
    image = torch.arange(len(images))[:, None]
    here = torch.zeros_like(logits)
    here[image, middle[..., 1], middle[..., 0]] = 1
    weight = torch.tensor(20.0)
    found = F.binary_cross_entropy_with_logits(logits, here, pos_weight=weight)
    boxed = F.smooth_l1_loss(proposed[image, middle[..., 1], middle[..., 0]], boxes)
    # The heads learn from boxes that are a little wrong, as proposals are.
    shifted = boxes + 2 * torch.rand(boxes.shape, generator=generator) - 1
    kinds, outlines = model.look(features, shifted)
    named = F.cross_entropy(kinds.flatten(0, 1), classes.flatten())
    truth = wanted_masks(masks, shifted)
    return found + boxed + named + F.binary_cross_entropy_with_logits(outlines, truth)


def wanted_masks(masks, boxes):
    """The part of each object's own mask that lies in its box."""
    each = cut(masks.flatten(0, 1)[:, None], boxes.flatten(0, 1)[:, None], MASK)
    return each.view(*boxes.shape[:2], MASK, MASK)


def overlap(a, b):
    size = (torch.min(a[..., 2:], b[..., 2:]) - torch.max(a[..., :2], b[..., :2])).clamp(min=0)
    both = size.prod(-1)
    return both / ((a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - both)


def test(model, images, boxes, classes, masks):
    """How many objects are found with box and class, and how well their masks agree."""
    model.eval()
    with torch.no_grad():
        features, logits, proposed = model.propose(images)
        peaks = torch.where(F.max_pool2d(logits, 3, 1, 1) == logits, logits, -torch.inf)
        _, best = peaks.flatten(1).topk(2)
        found = proposed.flatten(1, 2)[torch.arange(len(images))[:, None], best]
        kinds, outlines = model.look(features, found)
    fits = overlap(boxes[:, :, None], found[:, None])  # truth x found
    score, chosen = fits.max(2)
    image = torch.arange(len(images))[:, None]
    right = (score > 0.5) & (kinds.argmax(2)[image, chosen] == classes)
    truth = wanted_masks(masks, found[image, chosen]) > 0.5
    guess = outlines[image, chosen] > 0
    same = (truth & guess).sum((2, 3)) / (truth | guess).sum((2, 3)).clamp(min=1)
    print(
        f"found accuracy {right.float().mean():.4f}, box overlap {score.mean():.4f}, "
        f"mask overlap {same[score > 0.5].mean():.4f}"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch-size", type=int, default=32, help="pictures of all ranks together")
    parser.add_argument("--lr", type=float, default=3e-3)
    args = parser.parse_args()

    hvd.init()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = MaskRCNN()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, args.lr, args.steps)
    optimizer = hvd.DistributedOptimizer(optimizer, named_parameters=model.named_parameters())
    hvd.broadcast_parameters(model.state_dict(), root_rank=0)
    hvd.broadcast_optimizer_state(optimizer, root_rank=0)
    generator = torch.Generator().manual_seed(1 + hvd.rank())
    for step in range(1, args.steps + 1):
        batch = pictures(args.batch_size // hvd.size(), generator)
        optimizer.zero_grad()
        loss = loss_of(model, *batch, generator)
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 50 == 0 and hvd.rank() == 0:
            print(f"step {step}/{args.steps} loss {loss.item():.4f}")
    if hvd.rank() == 0:
        test(model, *pictures(200, torch.Generator().manual_seed(0)))


if __name__ == "__main__":
    main()
