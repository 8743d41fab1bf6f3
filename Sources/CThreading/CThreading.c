#include "CThreading.h"
