"""Handwritten digits with TensorFlow and SageMaker's data-parallel library.

    estimator = TensorFlow(
        entry_point="digits_tensorflow.py",
        source_dir="examples/scripts",
        instance_count=1,
        instance_type="local",
        processes_per_node=2,
        distribution={"smdistributed": {"dataparallel": {"enabled": True}}},
        hyperparameters={"epochs": 8},
    )
    estimator.fit()

The data are 1,797 images that come with scikit-learn. The same with Horovod: import
``horovod.tensorflow as dist`` and leave the rest, but for ``oob_allreduce``, as it is.
"""

import argparse
import os

import numpy as np
import smdistributed.dataparallel.tensorflow as dist
import tensorflow as tf
from sklearn.datasets import load_digits


def datasets():
    digits = load_digits()
    order = np.random.default_rng(0).permutation(1797)
    images = (digits.images[order, ..., None] / 16).astype("float32")
    labels = digits.target[order]
    return (images[:1437], labels[:1437]), (images[1437:], labels[1437:])


def network():
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            tf.keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.25),
            layers.Dense(10),
        ]
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=32, help="of each rank")
    parser.add_argument("--lr", type=float, default=0.02, help="of one rank")
    parser.add_argument("--model-dir", "--model_dir", default=os.environ.get("SM_MODEL_DIR", "."))
    args, _ = parser.parse_known_args()

    dist.init()
    tf.random.set_seed(1 + dist.rank())
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        tf.config.set_visible_devices(gpus[dist.local_rank()], "GPU")

    (images, labels), (test_images, test_labels) = datasets()
    train = tf.data.Dataset.from_tensor_slices((images, labels))
    train = train.shard(dist.size(), dist.rank()).shuffle(1000).batch(args.batch_size)
    model = network()
    optimizer = tf.keras.optimizers.SGD(args.lr * dist.size(), momentum=0.9)
    loss_of = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def step(images, labels, first_batch):
        with tf.GradientTape() as tape:
            loss = loss_of(labels, model(images, training=True))
        tape = dist.DistributedGradientTape(tape)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        if first_batch:
            dist.broadcast_variables(model.variables, root_rank=0)
            dist.broadcast_variables(optimizer.variables, root_rank=0)
        return dist.oob_allreduce(loss)

    for epoch in range(1, args.epochs + 1):
        for batch, (some_images, some_labels) in enumerate(train):
            loss = step(some_images, some_labels, epoch == 1 and batch == 0)
        if dist.rank() == 0:
            found = np.argmax(model(test_images), axis=1)
            print(f"epoch {epoch} loss {loss:.4f} accuracy {np.mean(found == test_labels):.4f}")
    if dist.rank() == 0:
        model.save(os.path.join(args.model_dir, "model.keras"))


if __name__ == "__main__":
    main()
