internal import Detection
internal import DetectionData
internal import Tensors

/// What AlignDet's objectives ask of two views of the same images.
enum AlignDetViews {
    /// Both views' feature maps, in the given format. The backbone is frozen: one pass serves both where their sizes agree.
    static func features(
        _ views: [Batch], _ backbone: any Backbone, _ dtype: DType
    ) -> (first: [Variable], second: [Variable]) {
        let silent = Tape(recording: false)
        guard views[0].height == views[1].height, views[0].width == views[1].width else {
            return (backbone(views[0].images(dtype), silent), backbone(views[1].images(dtype), silent))
        }
        let n = views[0].count
        let both = Tensor(
            views[0].pixels + views[1].pixels,
            shape: [n + views[1].count, views[0].height, views[0].width, 3])
        let maps = backbone(both.converted(to: dtype), silent)
        return (
            maps.map { Variable(constant: $0.tensor.prefix(0..<n)) },
            maps.map { Variable(constant: $0.tensor.prefix(n..<(n + views[1].count))) }
        )
    }

    /// The label of each image's first proposal: proposals of a batch are numbered through.
    static func labelOffsets(_ views: [Batch]) -> [Int32] {
        var offsets: [Int32] = []
        var next: Int32 = 0
        for n in 0..<views[0].count {
            offsets.append(next)
            next += 1 + views.reduce(-1) { max($0, $1.targets[n].boxIDs.max() ?? -1) }
        }
        return offsets
    }
}
