/// Everything that is wrong with a data set, found without training on it.
package struct DatasetCheck {
    package let report: DatasetReport

    /// - Parameters:
    ///   - imageFolder: nil where only the annotations are looked at.
    ///   - readsHeaders: whether each image file's own size is compared with what is declared.
    ///   - needsMasks: whether an object without a usable outline is a defect.
    ///   - isProposals: whether an image without boxes is a defect.
    /// - Throws: where the folder itself is not there, or the file has no categories at all.
    package init(
        _ data: COCOAnnotations, imageFolder: String?, readsHeaders: Bool, needsMasks: Bool, isProposals: Bool
    ) throws(DataError) {
        var report = DatasetReport(source: data.source)
        let classes = try COCOClassList(data.categories, asked: nil, source: data.source, report: &report)
        let records = COCODataset.usableRecords(data.images, report: &report)
        if let imageFolder {
            let folder = try ImageFolder(imageFolder)
            let missing = Set(folder.missing(records.map(\.fileName)))
            for (index, record) in records.enumerated() {
                if missing.contains(index) {
                    report.note(.missingImageFile, record.label)
                } else if readsHeaders {
                    Self.compare(record, folder.path(of: record.fileName), &report)
                }
            }
        }
        let content = COCOImageContent(
            data, images: records, classes: classes, needsMasks: needsMasks, report: &report)
        for (index, record) in records.enumerated() where content.boxes(of: index).isEmpty {
            if isProposals {
                report.note(.imageWithoutProposals, record.label)
            } else {
                report.exclude(.imageWithoutBoxes)
            }
        }
        Self.remark(data, records, classes, &report)
        report.imageCount = records.count
        report.boxCount = content.boxCount
        self.report = report
    }

    /// Notes a file whose own size is another than declared, or that cannot be read.
    private static func compare(
        _ record: COCOAnnotations.ImageRecord, _ path: String, _ report: inout DatasetReport
    ) {
        do throws(DataError) {
            let stored = try ImageFile.size(path: path, orientation: .asStored)
            if stored == (record.width, record.height) { return }
            let turned = try ImageFile.size(path: path, orientation: .apply)
            if turned == (record.width, record.height) { return }
            report.note(
                .otherFileSize,
                "\(record.label) is \(stored.width)x\(stored.height), declared \(record.width)x\(record.height)"
            )
        } catch {
            report.note(.unreadableImage, "\(record.label): \(error.message)")
        }
    }

    /// Counts what is worth knowing and no defect.
    private static func remark(
        _ data: COCOAnnotations, _ records: [COCOAnnotations.ImageRecord], _ classes: COCOClassList,
        _ report: inout DatasetReport
    ) {
        let sizes = Dictionary(
            records.map { ($0.id, (Double($0.width), Double($0.height))) },
            uniquingKeysWith: { first, _ in first })
        var used: Set<Int> = []
        for annotation in data.annotations {
            used.insert(annotation.categoryID)
            guard let (width, height) = sizes[annotation.imageID] else { continue }
            let box = annotation.bbox
            // Half a pixel over the edge is how outlines are drawn.
            if box.x < -0.5 || box.y < -0.5 || box.x + box.width > width + 0.5
                || box.y + box.height > height + 0.5
            {
                report.exclude(.boxOverEdge)
            }
        }
        for id in classes.categoryIDs where !used.contains(id) { report.exclude(.classWithoutBoxes) }
        report.exclude(.categoryGap, count: COCOClassList.gapCount(of: classes.categoryIDs))
    }
}
