internal import DetectionData

extension PipelineConfig {
    /// Resizing alone.
    func testPipeline(_ test: Test) -> Pipeline {
        Pipeline([
            FixedResize(shortSide: test.shortSide, maximumLongSide: test.longSide, resampling: resampling)
        ])
    }

    /// What happens to each view of an image in training, but for normalisation and padding to a batch's size.
    /// - flipAfterPad: as AlignDet's published code flips.
    func trainingPipeline(flipAfterPad: Bool) -> Pipeline {
        var steps = resizeSteps
        steps.append(FilterBoxes(minimumSide: 0.01))
        let flip = Float(self.flip)
        if flipAfterPad {
            steps.append(PadToMultiple(padMultiple))
            steps.append(FlipAfterPad(probability: flip))
        } else {
            steps.append(RandomFlip(probability: flip))
        }
        if photometric { steps.append(PhotometricOneOf()) }
        if let colours { steps += colours.steps }
        return Pipeline(steps)
    }

    private var resizeSteps: [any Transform] {
        var steps: [any Transform] = []
        if let square = resize.square {
            steps.append(
                ResizeToSquare(
                    side: square.side, ratios: Float(square.ratios[0])...Float(square.ratios[1]),
                    resampling: resampling))
        } else {
            let choice = ResizeChoice(
                shortSides: resize.shortSides, maximumLongSide: resize.longSide,
                resampling: resampling)
            let cut = cuts.map { cuts in
                CutAndEnlarge(
                    probability: Float(cuts.probability), shortSides: cuts.shortSides,
                    maximumLongSide: resize.longSide, sides: cuts.sides[0]...cuts.sides[1], last: choice,
                    resampling: resampling)
            }
            steps.append(cut ?? choice)
        }
        if let side = crop {
            steps.append(RandomCrop(sides: side...side, keepsABox: true, fitsOutlines: fitsOutlines))
        }
        return steps
    }
}
