import DetectionData
import Randomness
import Testing

@Suite struct TwoViewPipelineTests {
    private let view = Pipeline([
        ResizeChoice(shortSides: [160, 168, 176, 184, 192, 200], maximumLongSide: 333),
        FilterBoxes(minimumSide: 0.01), RandomFlip(probability: 0.5), PhotometricOneOf(),
    ])

    /// The box in the original image's pixels.
    private func original(_ box: Box, _ view: Sample) -> Box {
        let upright = view.flipped ? box.flipped(width: Float(view.validWidth)) : box
        return upright.scaled(x: 1 / view.scaleX, y: 1 / view.scaleY)
    }

    private func distance(_ a: Box, _ b: Box) -> Float {
        max(abs(a.x1 - b.x1), abs(a.y1 - b.y1), abs(a.x2 - b.x2), abs(a.y2 - b.y2))
    }

    @Test func boxesOfTheTwoViewsPairByID() throws {
        let dataset = try BuiltInBCCD.dataset("val", subset: .first(12))
        let plan = BatchPlan(dataset, globalBatchSize: 4, seed: 9, groupsByAspect: true)
        let pipeline = TwoViewPipeline(shared: Pipeline([SelectTopKProposals(5)]), first: view, second: view)
        var differentSizes = 0
        var differentFlips = 0
        for item in (0..<3).flatMap({ plan.globalBatch(ofStep: $0) }) {
            let sample = try dataset.sample(at: item.index)
            let views = pipeline.views(of: sample, item: item, seed: plan.seed)
            #expect(views.first.boxIDs == views.second.boxIDs)
            #expect(views.first.boxes.count == min(5, sample.boxes.count))
            for (index, id) in views.first.boxIDs.enumerated() {
                let box = original(views.first.boxes[index], views.first)
                #expect(distance(box, original(views.second.boxes[index], views.second)) < 0.01)
                #expect(distance(box, sample.boxes[Int(id)].clipped(width: 640, height: 480)) < 0.01)
            }
            if views.first.image.width != views.second.image.width { differentSizes += 1 }
            if views.first.flipped != views.second.flipped { differentFlips += 1 }
            let again = pipeline.views(of: sample, item: item, seed: plan.seed)
            let isSame = again.first.image == views.first.image && again.second.image == views.second.image
            #expect(isSame)
        }
        #expect(differentSizes > 3 && differentFlips > 1)
    }

    /// A filter that drops different boxes in the two views must not shift the pairing.
    @Test func idsSurviveFiltersThatDifferBetweenTheViews() {
        let sample = Sample(
            image: Image(width: 64, height: 64),
            boxes: [Box(x: 0, y: 0, width: 3, height: 3), Box(x: 9, y: 9, width: 30, height: 30)],
            labels: [0, 1], boxIDs: [0, 1], imageID: 1)
        let pipeline = TwoViewPipeline(
            shared: Pipeline([]), first: Pipeline([FilterBoxes(minimumSide: 0.01)]),
            second: Pipeline([FilterBoxes(minimumSide: 4)]))
        let dataset = FlatDataset(sizes: [(64, 64)])
        let plan = BatchPlan(dataset, globalBatchSize: 1, seed: 0, groupsByAspect: false)
        let views = pipeline.views(of: sample, item: plan.globalBatch(ofStep: 0)[0], seed: 0)
        #expect(views.first.boxIDs == [0, 1])
        #expect(views.second.boxIDs == [1] && views.second.labels == [1])
    }

    @Test func theSecondViewDoesNotDependOnTheFirst() throws {
        let dataset = try BuiltInBCCD.dataset("val", subset: .first(1))
        let item = BatchPlan(dataset, globalBatchSize: 1, seed: 1, groupsByAspect: true).globalBatch(
            ofStep: 0)[0]
        let sample = try dataset.sample(at: 0)
        func second(_ first: Pipeline) -> Sample {
            TwoViewPipeline(shared: Pipeline([]), first: first, second: view).views(
                of: sample, item: item, seed: 1
            )
            .second
        }
        let isSame = second(view).image == second(Pipeline([])).image
        #expect(isSame)
    }
}
