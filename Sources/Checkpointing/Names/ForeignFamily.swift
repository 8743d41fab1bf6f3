/// The programs whose weights are read and written.
package enum ForeignFamily: String, Sendable, CaseIterable {
    case torchvision, mmdet, mmcls, mmselfsup, moco, pixpro, swav, swin, simmim, detectron2, detr, safetensors

    /// The table for a file with these names.
    /// - names: without `module.`.
    package func table(forForeign names: [String]) -> NameTable {
        func holds(_ prefix: String) -> Bool { names.contains { $0.hasPrefix(prefix) } }
        return switch self {
        case .torchvision:
            !holds("backbone.body.")
                ? (holds("features.1.0.attn.") ? .torchvisionSwin : .torchvisionClassifier)
                : holds("rpn.")
                    ? .torchvisionRCNN
                    : holds("head.regression_head.bbox_ctrness.") ? .torchvisionFCOS : .torchvisionRetinaNet
        case .mmdet: .mmdetection(mobileNet: holds("backbone.conv1.conv."))
        case .mmcls, .mmselfsup: .mmclassification(mobileNet: holds("backbone.conv1.conv."))
        case .moco: .moco
        case .pixpro: .pixPro
        case .swav: .swav
        case .swin, .simmim: .simMIM
        case .detectron2: .detectron2(isTwoStage: holds("proposal_generator."))
        case .detr: .detr
        case .safetensors: .own
        }
    }

    /// The table for a model of ours with these names.
    /// - Returns: `nil` if the program has no such model.
    package func table(forOwn names: [String]) -> NameTable? {
        func holds(_ prefix: String) -> Bool { names.contains { $0.hasPrefix(prefix) } }
        let isMobileNet = holds("backbone.features.")
        return switch self {
        case .torchvision:
            holds("rpn_head.")
                ? .torchvisionRCNN
                : holds("bbox_head.conv_centerness.")
                    ? .torchvisionFCOS
                    : holds("bbox_head.")
                        ? .torchvisionRetinaNet
                        : holds("backbone.patch_embed.") ? .torchvisionSwin : .torchvisionClassifier
        case .mmdet: .mmdetection(mobileNet: isMobileNet)
        case .mmcls, .mmselfsup: .mmclassification(mobileNet: isMobileNet)
        case .detectron2: isMobileNet ? nil : .detectron2(isTwoStage: holds("rpn_head."))
        case .detr: .detr
        case .safetensors: .own
        case .moco, .pixpro, .swav, .swin, .simmim: nil
        }
    }

    /// Families that only hold the image-domain part of a detector.
    package var isBackboneOnly: Bool {
        switch self {
        case .mmcls, .mmselfsup, .moco, .pixpro, .swav, .swin, .simmim: true
        case .torchvision, .mmdet, .detectron2, .detr, .safetensors: false
        }
    }
}
