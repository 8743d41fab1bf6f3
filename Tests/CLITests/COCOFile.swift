import Foundation

/// As much of a COCO file as the tests change.
struct COCOFile: Codable {
    struct Image: Codable {
        var id: Int
        var fileName: String
        var width: Int
        var height: Int

        enum CodingKeys: String, CodingKey {
            case id, width, height
            case fileName = "file_name"
        }
    }

    struct Annotation: Codable {
        var id: Int
        var imageID: Int
        var categoryID: Int
        var bbox: [Double]
        var area: Double
        var segmentation: [[Double]]?

        enum CodingKeys: String, CodingKey {
            case id, bbox, area, segmentation
            case imageID = "image_id"
            case categoryID = "category_id"
        }
    }

    struct Category: Codable {
        var id: Int
        var name: String
    }

    var images: [Image]
    var annotations: [Annotation]
    var categories: [Category]

    static func read(_ path: String) throws -> COCOFile {
        try JSONDecoder().decode(COCOFile.self, from: try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    func write(_ path: String) throws { try JSONEncoder().encode(self).write(to: URL(fileURLWithPath: path)) }

    /// The first images alone, with their annotations.
    func first(_ count: Int) -> COCOFile {
        var part = self
        part.images = Array(images.prefix(count))
        let ids = Set(part.images.map(\.id))
        part.annotations = annotations.filter { ids.contains($0.imageID) }
        return part
    }

    /// Gives every object the rectangle of its box as its outline.
    mutating func outlineBoxes() {
        for i in annotations.indices {
            let box = annotations[i].bbox
            let (x, y, right, bottom) = (box[0], box[1], box[0] + box[2], box[1] + box[3])
            annotations[i].segmentation = [[x, y, right, y, right, bottom, x, bottom]]
        }
    }
}
