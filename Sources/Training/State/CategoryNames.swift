/// What the classes of an imported detector are called.
struct CategoryNames {
    let names: [String]
    let ids: [Int]

    /// - given: what the file itself calls them.
    init(count: Int, given: [String]?) {
        if let given, given.count == count, given != Self.coco {
            (names, ids) = (given, Array(0..<count))
        } else if count == Self.coco.count {
            (names, ids) = (Self.coco, Self.cocoIDs)
        } else if count == Self.largestCOCOID + 1 {
            // torchvision labels boxes with COCO's own ids.
            (names, ids) = (["__background__"] + Self.withGaps, Array(0..<count))
        } else if count == Self.largestCOCOID {
            // Its detectors of two stages have the background elsewhere.
            (names, ids) = (Self.withGaps, Array(1...count))
        } else {
            (names, ids) = ((0..<count).map { "class \($0)" }, Array(0..<count))
        }
    }

    /// As checkpoints keep them.
    var notes: [String: String] {
        [
            "class_names": names.joined(separator: "\n"),
            "category_ids": ids.map { "\($0)" }.joined(separator: "\n"),
        ]
    }

    private static let largestCOCOID = 90
    /// Of every id from 1 on.
    private static var withGaps: [String] {
        var all = [String](repeating: "N/A", count: largestCOCOID)
        for (name, id) in zip(coco, cocoIDs) { all[id - 1] = name }
        return all
    }
    /// Ids that COCO left out of its 2017 annotations.
    private static let unused: Set<Int> = [12, 26, 29, 30, 45, 66, 68, 69, 71, 83]
    private static let cocoIDs = (1...largestCOCOID).filter { !unused.contains($0) }
    private static let coco = [
        "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat",
        "traffic light",
        "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow",
        "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase",
        "frisbee",
        "skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove", "skateboard",
        "surfboard",
        "tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple",
        "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch",
        "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard",
        "cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase",
        "scissors",
        "teddy bear", "hair drier", "toothbrush",
    ]
}
