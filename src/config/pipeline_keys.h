// The keys of pipeline YAML (SPEC §1).
#pragma once

#include "config/key_table.h"

namespace pawl::config {

extern const KeyTable kPipelineKeys;
extern const KeyTable kTriggerKeys;
extern const KeyTable kWebhookKeys;
extern const KeyTable kPipelineTriggerKeys;
extern const KeyTable kConcurrencyKeys;
extern const KeyTable kParamKeys;
extern const KeyTable kDefaultsKeys;
extern const KeyTable kResourcesKeys;  // of the older dialects
extern const KeyTable kTaskKeys;
extern const KeyTable kRetryKeys;
extern const KeyTable kSecretKeys;
extern const KeyTable kHostSelectorKeys;
extern const KeyTable kNotifyKeys;

}  // namespace pawl::config
