// Prints what /metrics would show of the fake box, with names that need escaping, for metrics_parse.py.
#include <iostream>

#include "controlplane/api/collect.h"
#include "controlplane/api/open_metrics.h"
#include "tests/controlplane/api/fake_box.h"

int main() {
  baton::controlplane::FakeBox box;
  box.view->node = "quote \" backslash \\ newline \n end";
  std::cout << baton::controlplane::WriteOpenMetrics(baton::controlplane::CollectMetrics(*box.view, 1.7e9));
}
