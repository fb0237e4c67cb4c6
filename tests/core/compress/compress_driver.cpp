// SPDX-License-Identifier: Apache-2.0
// compress CHECKPOINT --rank N --storage S --out DIR [--targets T]: the part of the command line
// that tests/interop needs.
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

#include "core/checkpoint/selection.h"
#include "core/compress/compress.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"

using namespace rankscope;

int main(int argc, char** argv) {
    try {
        std::map<std::string, std::string> values{{"--targets", "all"}};
        for (int i = 3; i + 1 < argc; i += 2) values[argv[i]] = argv[i + 1];
        const std::map<std::string, plan::StorageChoice> storages{
            {"auto", plan::StorageChoice::Auto},
            {"factored", plan::StorageChoice::Factored},
            {"pivoted", plan::StorageChoice::Pivoted},
            {"dense", plan::StorageChoice::Dense}};
        const checkpoint::Checkpoint source = checkpoint::openCheckpoint(argv[2]);
        plan::PlanOptions options;
        options.target = {plan::RankTarget::Kind::Rank, std::stod(values.at("--rank"))};
        options.storage = storages.at(values.at("--storage"));
        const auto chosen =
            checkpoint::selectMatrices(source.matrices(), {values.at("--targets"), ""});
        const plan::CompressionPlan plan = plan::makePlan(source, chosen, {}, options);
        compress::CompressOptions save;
        save.target = values.at("--out");
        const backend::Backend& backend = backend::loadBackend({});
        const backend::Compute compute{backend};
        std::cout << toJson(compress::compress({source, plan, nullptr, compute}, save, Progress()))
                  << "\n";
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
