internal import Detection
internal import DetectionData

/// A detection on its way to rank 0: seven doubles, then width, height and text of a mask, if there is one.
enum DetectionRecord {
    private static let numberCount = 10

    static func encode(_ object: DetectedObject, imageID: Int, categoryID: Int) -> [UInt8] {
        let text = object.mask.map { Array($0.text.utf8) } ?? []
        let numbers: [Double] = [
            Double(imageID), Double(categoryID), Double(object.box.x1), Double(object.box.y1),
            Double(object.box.width), Double(object.box.height), Double(object.score),
            Double(object.mask?.width ?? 0), Double(object.mask?.height ?? 0), Double(text.count),
        ]
        return numbers.withUnsafeBytes { [UInt8]($0) } + text
    }

    /// Adds what `encode` made of detections.
    static func decode(_ bytes: [UInt8], into results: inout COCOResults) throws {
        var position = 0
        while position < bytes.count {
            let numbers = bytes.withUnsafeBytes { raw in
                (0..<numberCount).map {
                    raw.loadUnaligned(fromByteOffset: position + 8 * $0, as: Double.self)
                }
            }
            position += 8 * numberCount
            let text = bytes[position..<position + Int(numbers[9])]
            position = text.endIndex
            let detection = COCOResults.Detection(
                imageID: Int(numbers[0]), categoryID: Int(numbers[1]),
                bbox: (numbers[2], numbers[3], numbers[4], numbers[5]), score: numbers[6])
            if text.isEmpty {
                results.append(detection)
            } else {
                try results.append(detection, maskText: text, width: Int(numbers[7]), height: Int(numbers[8]))
            }
        }
    }
}
