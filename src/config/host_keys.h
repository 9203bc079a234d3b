// The keys of the host config (SPEC §2).
#pragma once

#include "config/key_table.h"

namespace pawl::config {

extern const KeyTable kHostConfigKeys;
extern const KeyTable kHostKeys;
extern const KeyTable kSourceKeys;
extern const KeyTable kSourceAuthKeys;
extern const KeyTable kEngineKeys;
extern const KeyTable kEngineTlsKeys;
extern const KeyTable kPolicyKeys;
extern const KeyTable kPolicyMaxKeys;
extern const KeyTable kHostDefaultsKeys;
extern const KeyTable kSecretsKeys;
extern const KeyTable kKeepKeys;
extern const KeyTable kStateKeys;
extern const KeyTable kHttpKeys;
extern const KeyTable kWebhooksKeys;
extern const KeyTable kAuthKeys;

}  // namespace pawl::config
