import Randomness
import Testing

@testable import DetectionData

@Suite struct ColourStepTests {
    @Test func stepsHappenAsOftenAsTheySay() {
        let steps: [any Transform] = [
            ColourJitter(brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1, probability: 0.8),
            RandomGrey(probability: 0.2), RandomBlur(radii: 0.1...2, probability: 0.5),
            RandomSolarize(probability: 0.2),
        ]
        let edge = Image(
            width: 3, height: 2,
            pixels: [200, 40, 90, 20, 180, 60, 130, 130, 250, 9, 99, 199, 77, 7, 70, 210, 200, 190])
        // Of a coloured edge, each step changes about its share of the pictures.
        for (step, share) in zip(steps, [0.8, 0.2, 0.5, 0.2]) {
            var changed = 0
            for number in 0..<400 {
                var sample = Sample(image: edge, boxes: [], labels: [], boxIDs: [], imageID: 1)
                var source = RandomSource(seed: 5, sample: number, purpose: .test)
                step.apply(to: &sample, random: &source)
                if sample.image != edge { changed += 1 }
            }
            #expect(abs(Double(changed) / 400 - share) < 0.08, "\(step): \(changed)")
        }
    }
}
