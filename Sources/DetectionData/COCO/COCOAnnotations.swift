/// A COCO instances file in memory: images, categories and annotations in file order.
package struct COCOAnnotations: Sendable {
    package struct ImageRecord: Sendable {
        package let id: Int
        package let fileName: String
        package let width: Int
        package let height: Int

        /// What LVIS knows of the image besides its objects; nil where the file says nothing of it.
        package let federated: FederatedLabels?

        package init(
            id: Int, fileName: String, width: Int, height: Int, federated: FederatedLabels? = nil
        ) {
            (self.id, self.fileName, self.width, self.height) = (id, fileName, width, height)
            self.federated = federated
        }
    }

    /// Of an image whose objects were looked for by some categories only, as in LVIS.
    package struct FederatedLabels: Sendable, Equatable {
        /// Categories that are known not to be in the image.
        package let negativeCategoryIDs: [Int]
        /// Categories of which more may be in the image than is annotated.
        package let notExhaustiveCategoryIDs: [Int]

        package init(negativeCategoryIDs: [Int], notExhaustiveCategoryIDs: [Int]) {
            self.negativeCategoryIDs = negativeCategoryIDs
            self.notExhaustiveCategoryIDs = notExhaustiveCategoryIDs
        }
    }

    package struct Category: Sendable {
        /// In how many images LVIS's training set has it.
        package enum Frequency: String, Sendable, CaseIterable {
            case rare = "r"
            case common = "c"
            case frequent = "f"
        }

        package let id: Int
        package let name: String
        package let frequency: Frequency?

        package init(id: Int, name: String, frequency: Frequency? = nil) {
            (self.id, self.name, self.frequency) = (id, name, frequency)
        }
    }

    package struct Annotation: Sendable {
        package let id: Int
        package let imageID: Int
        package let categoryID: Int
        /// x, y, width, height in the image's own pixels, as written in the file.
        package let bbox: (x: Double, y: Double, width: Double, height: Double)
        package let area: Double
        package let isCrowd: Bool
        /// The proposal files' own flag; false where absent.
        package let ignore: Bool
        /// The outline; nil where it was not read or is not there.
        package let segmentation: Segmentation?

        package init(
            id: Int, imageID: Int, categoryID: Int,
            bbox: (x: Double, y: Double, width: Double, height: Double),
            area: Double, isCrowd: Bool = false, ignore: Bool = false, segmentation: Segmentation? = nil
        ) {
            self.id = id
            self.imageID = imageID
            self.categoryID = categoryID
            self.bbox = bbox
            self.area = area
            self.isCrowd = isCrowd
            self.ignore = ignore
            self.segmentation = segmentation
        }
    }

    package let images: [ImageRecord]
    package let categories: [Category]
    package let annotations: [Annotation]
    /// What messages call this data: the file it was read from.
    package let source: String

    package init(
        images: [ImageRecord], categories: [Category], annotations: [Annotation],
        source: String = "annotations"
    ) {
        self.source = source
        self.images = images
        self.categories = categories
        self.annotations = annotations
    }

    /// The first `count` images of the file, with what lies on them.
    package func first(_ count: Int) -> COCOAnnotations {
        let kept = images.prefix(count)
        let ids = Set(kept.map(\.id))
        return COCOAnnotations(
            images: Array(kept), categories: categories,
            annotations: annotations.filter { ids.contains($0.imageID) },
            source: source)
    }
}
