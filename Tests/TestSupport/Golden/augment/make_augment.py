"""What Pillow and torchvision make of a picture that a formula gives: resizes, hue, grey and blur, pixels as hexadecimal text.

Run in this folder: python make_augment.py. Made with Pillow 13.0, torchvision 0.29, numpy 2.4.6.
"""

import json

import numpy
import torchvision.transforms.functional as functional
from PIL import Image, ImageFilter

WIDTH, HEIGHT = 37, 29


def picture():
    y, x, c = numpy.meshgrid(range(HEIGHT), range(WIDTH), range(3), indexing="ij")
    value = x * x * 3 + y * 7 * c + x * y % 11 * 13 + c * 40 + (x // 5 + y // 4) % 2 * 90
    return Image.fromarray((value % 256).astype(numpy.uint8))


def written(image):
    return {"width": image.width, "height": image.height, "pixels": image.tobytes().hex()}


def main():
    image = picture()
    cases = {"resize": [], "hue": [], "blur": [], "grey": written(functional.to_grayscale(image, 3))}
    for size, box in [
        ((20, 11), None), ((9, 29), None), ((37, 12), None), ((50, 40), None), ((1, 1), None), ((16, 16), (3, 5, 30, 27)),
        ((7, 60), (0, 0, 37, 2)),
    ]:
        cases["resize"].append({"box": box, "image": written(image.resize(size, Image.BILINEAR, box=box))})
    for share in (-0.5, -0.1, -0.03, 0.0, 0.04, 0.1, 0.33, 0.5):
        cases["hue"].append({"share": share, "image": written(functional.adjust_hue(image, share))})
    for radius in (0.1, 0.5, 1.0, 1.37, 2.0, 9.0):
        cases["blur"].append({"radius": radius, "image": written(image.filter(ImageFilter.GaussianBlur(radius)))})
    with open("augment.json", "w") as file:
        json.dump(cases, file)


main()
