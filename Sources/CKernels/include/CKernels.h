#pragma once
/// The project's own kernels on NHWC float32, one header per family. Every kernel runs its loop through CThreading in
/// pieces that do not depend on the number of threads, so results do not either. Built for AVX-512, AVX2 and the
/// baseline in one library, chosen when it is loaded.
#include "CKernelsAttention.h"
#include "CKernelsDropout.h"
#include "CKernelsElementwise.h"
#include "CKernelsLayerNorm.h"
#include "CKernelsLayout.h"
#include "CKernelsLoss.h"
#include "CKernelsMatching.h"
#include "CKernelsNormalization.h"
#include "CKernelsOptimizer.h"
#include "CKernelsRoI.h"
#include "CKernelsSpatial.h"
#include "CKernelsStrided.h"
#include "CKernelsSuppression.h"
#include "CKernelsTiles.h"
#include "CKernelsWindows.h"
#include "CKernelsWinograd.h"
