internal import ArgumentParser
internal import DetectionData

/// Which boxes stay, by a published name, by numbers, or by a name with some numbers changed.
struct FilterArguments: ParsableArguments {
    @Option(
        help: """
            none, ratio3size0008 (AlignDet), ratio3size0308, ratio3size0308post (SoCo), or ratioRsizeMMXX with other \
            numbers; @0.5 behind it drops boxes that overlap a better one. Default: as the mode's authors do.
            """)
    var filter: String?

    @Option(help: "Longer side over shorter side, at most.")
    var maxRatio: Double?

    @Option(help: "Range of sqrt(box area / image area), such as 0.3-0.8.")
    var sizes: SizeRange?

    @Option(help: "Width and height at least, in pixels.")
    var minSide: Double?

    @Option(help: "Drop boxes whose IoU with a better one exceeds this.")
    var nms: Double?

    @Option(
        name: .customLong("defer"),
        help: """
            Boxes whose IoU with a better one exceeds this come after all others; 1 leaves the order as it is. Default: 0.8 \
            for fast and quality.
            """)
    var deferral: Double?

    @Option(help: "At most this many boxes an image.")
    var topK: Int?

    @Option(help: "What an image gets where nothing passes: none, or whole-image, one box of all of it.")
    var fallback: Fallback?

    enum Fallback: String, ExpressibleByArgument, CaseIterable {
        case none
        case wholeImage = "whole-image"
    }

    func validate() throws {
        if let topK, topK < 1 { throw ValidationError("--top-k takes a number from 1 on") }
        if let maxRatio, !(maxRatio >= 1) { throw ValidationError("--max-ratio takes a number from 1 on") }
        if let minSide, !(minSide >= 0) { throw ValidationError("--min-side takes a number from 0 on") }
        if let nms, !(nms > 0 && nms < 1) { throw ValidationError("--nms takes a number between 0 and 1") }
        if let deferral, !(deferral > 0 && deferral <= 1) {
            throw ValidationError("--defer takes a number above 0 and up to 1")
        }
    }

    /// Whether any of them was given.
    var isGiven: Bool {
        filter != nil || maxRatio != nil || sizes != nil || minSide != nil || nms != nil || topK != nil
            || deferral != nil || fallback != nil
    }

    /// - Parameters:
    ///   - default: the name without --filter.
    ///   - deferral: the threshold without --defer; 1 for the order as it is.
    func steps(default name: String, deferral usual: Double = 1) throws -> ProposalFilterSteps {
        let threshold = deferral ?? usual
        var steps = try ProposalFilterSteps.named(filter ?? name)
        for i in steps.steps.indices {
            // What a fallback leaves out on purpose stays out.
            if let maxRatio, i == 0 || steps.steps[i].maximumAspectRatio != nil {
                steps.steps[i].maximumAspectRatio = maxRatio
            }
            if let sizes, i == 0 { steps.steps[i].relativeSizes = sizes.range }
            if let minSide { steps.steps[i].minimumSide = minSide }
            if let nms { steps.steps[i].overlapThreshold = nms }
            if threshold < 1 { steps.steps[i].deferralThreshold = threshold }
            steps.steps[i].limit = topK
        }
        if let fallback { steps.fallsBackToWholeImage = fallback == .wholeImage }
        return steps
    }
}

/// Two shares of an image's side, written `0.3-0.8`.
struct SizeRange: ExpressibleByArgument {
    let range: ClosedRange<Double>

    init?(argument: String) {
        let parts = argument.split(separator: "-", omittingEmptySubsequences: false).map { Double($0) }
        guard parts.count == 2, let low = parts[0], let high = parts[1], low >= 0, low < high, high <= 1
        else {
            return nil
        }
        range = low...high
    }
}
