/// Filters to be tried in turn on each image until one leaves a box, and what becomes of an image where none does.
package struct ProposalFilterSteps: Sendable, Equatable {
    /// In the order of trial; at least one.
    package var steps: [ProposalFilter]
    /// Whether an image where no filter leaves a box gets one box of all of it, as SoCo's loader gives it.
    package var fallsBackToWholeImage: Bool

    package init(_ steps: [ProposalFilter], fallsBackToWholeImage: Bool = false) {
        precondition(!steps.isEmpty, "no filter")
        (self.steps, self.fallsBackToWholeImage) = (steps, fallsBackToWholeImage)
    }

    /// What the first filter that leaves any box leaves, in order.
    package func callAsFunction(_ boxes: [Box], imageWidth: Int, imageHeight: Int) -> [Box] {
        for step in steps {
            let kept = step(boxes, imageWidth: imageWidth, imageHeight: imageHeight)
            if !kept.isEmpty { return kept }
        }
        guard fallsBackToWholeImage, imageWidth > 0, imageHeight > 0 else { return [] }
        return [Box(x: 0, y: 0, width: Float(imageWidth), height: Float(imageHeight))]
    }
}

extension ProposalFilterSteps: CustomStringConvertible {
    /// As proposal files say it: `ratio 3, size 0...0.8, side 32, overlap 0.5, first 50; then ...`.
    package var description: String {
        (steps.map(\.description) + (fallsBackToWholeImage ? ["the whole image"] : [])).joined(
            separator: "; then ")
    }
}

extension ProposalFilter: CustomStringConvertible {
    package var description: String {
        var parts: [String] = []
        if let ratio = maximumAspectRatio { parts.append("ratio \(ratio)") }
        if let sizes = relativeSizes { parts.append("size \(sizes.lowerBound)...\(sizes.upperBound)") }
        if minimumSide > 0 { parts.append("side \(minimumSide)") }
        if let overlap = overlapThreshold { parts.append("overlap \(overlap)") }
        if let deferral = deferralThreshold { parts.append("repeats above \(deferral) last") }
        if let limit { parts.append("first \(limit)") }
        return parts.isEmpty ? "all" : parts.joined(separator: ", ")
    }
}
