internal import ArgumentParser
internal import Detection
internal import DetectionData
internal import Foundation
internal import Training

struct Detect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find objects in images: drawn on copies of them, or as JSON.",
        discussion: """
            EXAMPLE
              aligndet-mpi detect work_dirs/quick_finetune/step_200.safetensors.zst photo.jpg --out drawn --json found.json
            """)

    @Argument(help: "A checkpoint of a fine-tuning run; it knows its model.")
    var checkpoint: String

    @Argument(help: "JPEG or PNG files.")
    var images: [String]

    @Option(help: "Folder for pictures with the boxes drawn in.")
    var out: String?

    @Option(help: "Write a list of {image, category_id, bbox [x, y, w, h], score} here, with masks where the model finds them.")
    var json: String?

    @Option(help: "Least score.")
    var scoreThr: Double = 0.3

    func validate() throws {
        if !(0...1).contains(scoreThr) { throw ValidationError("--score-thr takes a number from 0 to 1") }
    }

    func run() throws {
        Placement.applyAlone()
        let (detector, names) = try TrainedDetector.load(checkpoint: checkpoint, builtInRoot: BuiltIn.root)
        if let out { try OutputFolder.make(out) }
        var list = JSONWriter()
        list.beginArray()
        for (i, path) in images.enumerated() {
            let image = try ImageFile.load(path: path, orientation: .apply).image
            let objects = try detector.detect(image).filter { Double($0.score) >= scoreThr }
            print("\(path): \(objects.count) objects")
            for object in objects { list.detection(object, image: path, categoryID: names.categoryIDs[Int(object.label)]) }
            guard let out else { continue }
            var drawn = image
            Drawing.draw(
                boxes: objects.map(\.box), labels: objects.map(\.label), scores: objects.map(\.score),
                names: names.classNames, on: &drawn)
            try ImageWriter.write(drawn, to: "\(out)/\(OutputFolder.name(of: path, number: i, among: images))")
        }
        list.endArray()
        if let json { try list.write(path: json) }
    }
}

extension JSONWriter {
    fileprivate mutating func detection(_ object: DetectedObject, image: String, categoryID: Int) {
        beginObject()
        key("image")
        value(image)
        key("category_id")
        value(categoryID)
        key("bbox")
        beginArray()
        for number in [object.box.x1, object.box.y1, object.box.width, object.box.height] { value(Double(number)) }
        endArray()
        key("score")
        value(Double(object.score))
        if let mask = object.mask { segmentation(mask) }
        endObject()
    }
}
