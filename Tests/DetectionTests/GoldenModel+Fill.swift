import NN
import Tensors
import TestSupport

extension GoldenModel {
    /// Writes golden numbers into every parameter and running buffer.
    /// - name: torchvision's name of one of our paths.
    func fill(_ module: any Module, name: (String) -> String = { $0 }) {
        for (path, target) in module.namedTensors {
            target.assign(from: tensor(name(path), shape: target.shape))
        }
        module.didLoad()
    }
}
