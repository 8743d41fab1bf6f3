package import DetectionData

/// Where the boxes of a proposal file come from.
package enum ProposalSource {
    /// Searched for in the pixels, on threads.
    case search(ProposalMode, seed: UInt64)
    /// The first stage of a trained detector, image after image on the caller's thread.
    case network(ProposalNetwork, name: String)
    /// Known before, by image id; a name for what they are and where they come from.
    case known(boxes: [Int: [Box]], name: String)

    var description: String {
        switch self {
        case .search(.soco, _): "selective search proposals, in order of creation"
        case .search: "selective search proposals, best first"
        case .network: "region proposals of a detector, best first"
        case .known: "boxes from elsewhere, in their order"
        }
    }

    var parameters: [String: String] {
        switch self {
        case .search(let mode, let seed):
            ["source": "selective search", "mode": mode.rawValue, "seed": "\(seed)"]
        case .network(_, let name): ["source": "rpn", "checkpoint": name]
        case .known(_, let name): ["source": name]
        }
    }

    /// Hands the filtered boxes of each image, in its own pixels, to `finish`, in no fixed order.
    /// - Returns: false where it was asked to stop before the last image.
    func find(
        _ images: [COCOAnnotations.ImageRecord], folder: String, _ settings: ProposalRun.Settings,
        finish: @escaping @Sendable (_ index: Int, _ boxes: [Box]) throws(DataError) -> Void
    ) throws -> Bool {
        switch self {
        case .search(let mode, let seed):
            return try PixelProposals(mode.search(seed: seed), images, folder: folder, settings).find(finish)
        case .network(let network, _):
            let reader = DeclaredImage(folder: folder, orientation: settings.orientation)
            for (index, record) in images.enumerated() {
                if StopSignal.isRequested { return false }
                try finish(
                    index,
                    settings.filters(
                        network(try reader.load(record)), imageWidth: record.width, imageHeight: record.height
                    ))
            }
            return true
        case .known(let boxes, _):
            for (index, record) in images.enumerated() {
                try finish(
                    index,
                    settings.filters(
                        boxes[record.id] ?? [], imageWidth: record.width, imageHeight: record.height))
            }
            return true
        }
    }
}

/// A search over image files on threads, at a resolution that may be lower than theirs.
private struct PixelProposals {
    private let search: any ProposalSearch
    private let images: [COCOAnnotations.ImageRecord]
    private let folder: String
    private let settings: ProposalRun.Settings

    init(
        _ search: any ProposalSearch, _ images: [COCOAnnotations.ImageRecord], folder: String,
        _ settings: ProposalRun.Settings
    ) {
        (self.search, self.images, self.folder, self.settings) = (search, images, folder, settings)
    }

    func find(
        _ finish: @escaping @Sendable (_ index: Int, _ boxes: [Box]) throws(DataError) -> Void
    ) throws(DataError) -> Bool {
        let reader = DeclaredImage(folder: folder, orientation: settings.orientation)
        let (images, shortSide) = (images, settings.shortSide)
        let generator = ProposalGenerator(
            search: search, filters: settings.filters, threadCount: settings.threadCount
        ) { input in
            let image = try reader.load(images[input.index])
            guard let size = Self.searchSize(width: image.width, height: image.height, shortSide) else {
                return image
            }
            return Resize.bilinear(image, width: size.width, height: size.height)
        }
        let inputs = images.indices.map {
            ProposalGenerator.Input(
                path: reader.path(images[$0]), index: $0, imageID: images[$0].id)
        }
        let done = AtomicCount()
        try generator(inputs, shouldStop: { StopSignal.isRequested }) { index, boxes throws(DataError) in
            done.add()
            try finish(index, Self.fullSize(boxes, images[index], shortSide))
        }
        return done.value == images.count
    }

    /// The size at which an image is searched; nil for its own.
    private static func searchSize(width: Int, height: Int, _ shortSide: Int?) -> (width: Int, height: Int)? {
        guard let shortSide, shortSide < min(width, height) else { return nil }
        let factor = Float(shortSide) / Float(min(width, height))
        return (Int(Float(width) * factor + 0.5), Int(Float(height) * factor + 0.5))
    }

    private static func fullSize(
        _ boxes: [Box], _ record: COCOAnnotations.ImageRecord, _ shortSide: Int?
    ) -> [Box] {
        guard let size = searchSize(width: record.width, height: record.height, shortSide) else {
            return boxes
        }
        // The resized image has whole pixels, so its real factors differ a little between the axes.
        let (x, y) = (Float(record.width) / Float(size.width), Float(record.height) / Float(size.height))
        return boxes.map { $0.scaled(x: x, y: y) }
    }
}
