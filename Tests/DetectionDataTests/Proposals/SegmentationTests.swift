import Randomness
import TestSupport
import Testing

@testable import DetectionData

@Suite struct SegmentationTests {
    private func noise(width: Int, height: Int) -> Image {
        var random = RandomSource(seed: 5, purpose: .test)
        let pixels = (0..<width * height * 3).map { _ in UInt8(truncatingIfNeeded: random.nextWord()) }
        return Image(width: width, height: height, pixels: pixels)
    }

    private func largestDifference(_ a: [UInt8], planar: ColourPlanes, of channels: Range<Int>) -> Int {
        var largest = 0
        for pixel in 0..<planar.pixelCount {
            for channel in channels {
                let ours = Int(planar.samples[channel * planar.pixelCount + pixel])
                largest = max(largest, abs(ours - Int(a[pixel * planar.channelCount + channel])))
            }
        }
        return largest
    }

    @Test func coloursAreOpenCVsWithinALevel() throws {
        let colours = try ProposalCases.load().colours
        let image = Image(width: colours.rgb.count / 3, height: 1, pixels: colours.rgb)
        #expect(largestDifference(colours.rgb, planar: ColourSpace.rgb.planes(of: image), of: 0..<3) == 0)
        let lab = ColourSpace.lab.planes(of: image)
        for pixel in 0..<lab.pixelCount {
            for channel in 0..<3 {
                let level = Float(lab.samples[channel * lab.pixelCount + pixel])
                // Half a level for the rounding to bytes.
                #expect(abs(level - colours.lab[3 * pixel + channel]) < 0.52)
            }
        }
        let intensity = ColourSpace.intensity.planes(of: image)
        #expect(largestDifference(colours.intensity, planar: intensity, of: 0..<1) <= 1)

        let hsv = ColourSpace.hsv.planes(of: image)
        #expect(largestDifference(colours.hsv, planar: hsv, of: 1..<3) <= 1)
        let hue = ColourSpace.hue.planes(of: image)
        for pixel in 0..<hsv.pixelCount {
            // Hue is a circle of 180.
            let difference = abs(Int(hsv.samples[pixel]) - Int(colours.hsv[3 * pixel]))
            #expect(min(difference, 180 - difference) <= 1)
            #expect(hue.samples[pixel] == hsv.samples[pixel])
        }
    }

    @Test func sharesOfRedAndGreenAreRounded() {
        let image = Image(width: 3, height: 1, pixels: [0, 0, 0, 10, 20, 30, 255, 0, 0])
        // 255 / 6 = 42.5, 255 / 3 = 85; luma 0.299 * 10 + 0.587 * 20 + 0.114 * 30 = 18.15 and 0.299 * 255 =
        // 76.2.
        #expect(ColourSpace.rgI.planes(of: image).samples == [0, 43, 255, 0, 85, 0, 0, 18, 76])
    }

    @Test func smoothingIsSciPys() throws {
        let smoothing = try ProposalCases.load().smoothing
        let planes = ColourPlanes(
            width: smoothing.width, height: smoothing.height, channelCount: 1, samples: smoothing.samples)
        for (ours, value) in zip(planes.smoothed(sigma: smoothing.sigma), smoothing.values) {
            #expect(abs(Double(ours) - value) < 1e-3)
        }
        #expect(planes.smoothed(sigma: 0) == smoothing.samples.map(Float.init))
    }

    @Test func smoothingKeepsImagesNarrowerThanItsKernel() {
        let planes = ColourPlanes(width: 1, height: 2, channelCount: 1, samples: [100, 100])
        for value in planes.smoothed(sigma: 3) { #expect(abs(value - 100) < 1e-3) }
    }

    @Test func segmentationIsThePlainAlgorithms() throws {
        let picture = try ProposalCases.load().picture
        for expected in picture.segmentations {
            // A second scale beside it must not disturb the first.
            let segmentation = GraphSegmentation(
                sigma: 0, scales: [expected.scale, 7], minimumSize: expected.minimum)
            let map = segmentation(picture.image)[0]
            #expect(map.labels == expected.labels)
            #expect(map.regionCount == Int(expected.labels.max() ?? -1) + 1)
        }
    }

    @Test func manyScalesGiveWhatEachGivesAlone() {
        let image = noise(width: 40, height: 30)
        let scales: [Float] = [50, 300, 900, 2000, 4000]
        let together = GraphSegmentation(scales: scales, minimumSize: 5)(image, in: .lab)
        for (scale, map) in zip(scales, together) {
            #expect(GraphSegmentation(scales: [scale], minimumSize: 5)(image, in: .lab) == [map])
        }
        #expect(together[0].regionCount > together[4].regionCount)
    }

    @Test func constantImageIsOneRegion() {
        let map = GraphSegmentation(scales: [150])(Image(width: 31, height: 17, colour: (9, 200, 30)))[0]
        #expect(map.regionCount == 1)
        #expect(map.labels == [Int32](repeating: 0, count: 31 * 17))
    }

    @Test func flatHalvesAreTwoRegions() {
        var image = Image(width: 20, height: 10)
        for y in 0..<10 {
            for x in 12..<20 { image.pixels[(y * 20 + x) * 3 + 1] = 200 }
        }
        let map = GraphSegmentation(sigma: 0, scales: [150], minimumSize: 1)(image)[0]
        #expect(map.regionCount == 2)
        for y in 0..<10 {
            for x in 0..<20 { #expect(map.labels[y * 20 + x] == (x < 12 ? 0 : 1)) }
        }
    }

    @Test func minimumSizeIsRespected() {
        let image = noise(width: 60, height: 40)
        func sizes(minimum: Int) -> [Int32] {
            RegionGraph(GraphSegmentation(sigma: 0, scales: [100], minimumSize: minimum)(image)[0]).sizes
        }
        #expect(sizes(minimum: 1).contains { $0 < 50 })
        let merged = sizes(minimum: 50)
        #expect(merged.count > 1)
        #expect(merged.allSatisfy { $0 >= 50 })
        #expect(merged.reduce(0, +) == 60 * 40)
    }

    @Test func regionsTouchAtSidesAndCorners() {
        // 0 0 1
        // 2 3 1
        let graph = RegionGraph(LabelMap(width: 3, height: 2, regionCount: 4, labels: [0, 0, 1, 2, 3, 1]))
        #expect(graph.pairs.map { [$0.0, $0.1] } == [[0, 1], [0, 2], [0, 3], [1, 3], [2, 3]])
        #expect(graph.sizes == [2, 2, 1, 1])
        #expect(graph.rectangles[1] == PixelRectangle(minX: 2, minY: 0, maxX: 2, maxY: 1))
    }

    @Test func pairSetGrowsAndStaysSorted() {
        var pairs = PairSet()
        for round in 0..<2 {
            for i in (0..<Int32(3000)).reversed() { pairs.insert(i + 1 + Int32(round), i) }
        }
        let sorted = pairs.sorted()
        #expect(pairs.count == 6000)
        #expect(sorted.count == 6000)
        #expect(sorted.map { [$0.0, $0.1] }.prefix(3) == [[0, 1], [0, 2], [1, 2]])
    }
}
