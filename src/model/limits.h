// Every bound of pawl in one place, with its reason: an edge host dies of what is unbounded.
// Constants only. Units last. `host config` beside one means that the host config can lower it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pawl::limits {

// --- Pipeline files (config/) ---
inline constexpr std::size_t kPipelineFileBytes = 256 * 1024;
inline constexpr std::size_t kHostConfigBytes = 256 * 1024;
inline constexpr std::size_t kYamlDepth = 32;
inline constexpr std::size_t kYamlAliases = 100;
inline constexpr std::size_t kYamlNodes = 50'000;  // after alias expansion
inline constexpr std::size_t kYamlProblems = 100;  // reported for one file; then "and more"
inline constexpr std::size_t kTasks = 200;
inline constexpr std::size_t kTaskInstances = 1'000;  // of all tasks of a pipeline, hooks included
// Of the commands and environments of a pipeline's task instances: aliases and a matrix multiply what a file holds.
inline constexpr std::int64_t kTaskTextBytes = 16 * 1024 * 1024;
inline constexpr std::size_t kMatrixAxes = 8;
inline constexpr std::size_t kMatrixValueBytes = 256;
inline constexpr std::size_t kInstanceIdBytes = 200;  // "build[eu,3.11]"
inline constexpr std::size_t kHookTasks = 20;         // of each kind
inline constexpr std::size_t kSecretUses = 32;        // of one task
inline constexpr std::size_t kHostPatterns = 100;     // of `hosts`, names and labels each
inline constexpr std::size_t kNotifications = 16;
inline constexpr std::size_t kWebhookEvents = 32;
inline constexpr std::size_t kExpressionBytes = 4096;  // one ${{ }}
inline constexpr std::size_t kExpressionDepth = 32;
inline constexpr std::size_t kExpressionValueBytes = 64 * 1024;      // one value, also on the way
inline constexpr std::size_t kExpressionSteps = 100'000;             // of one evaluation
inline constexpr std::int64_t kExpressionPatternBytes = 256 * 1024;  // memory of one `matches`
inline constexpr std::int64_t kKillGraceMaxMs = 10 * 60'000;
inline constexpr std::int64_t kSplayMaxMs = 24 * 3600 * 1000;
inline constexpr std::size_t kTriggers = 32;  // of one pipeline
inline constexpr std::size_t kParams = 64;
inline constexpr std::size_t kEnvVariables = 256;
inline constexpr std::size_t kNameBytes = 63;
inline constexpr std::size_t kTitleBytes = 256;
inline constexpr std::size_t kDescriptionBytes = 4096;
inline constexpr std::size_t kValueBytes = 64 * 1024;  // one env value, script or argument
inline constexpr std::size_t kWebhookPathBytes = 200;
inline constexpr std::uint32_t kRetries = 100;
inline constexpr std::size_t kCronBytes = 256;          // one expression
inline constexpr std::int64_t kCronEveryMinMs = 1'000;  // of "@every"
inline constexpr std::int64_t kCronHorizonYears = 8;    // a 29 February is never further away
inline constexpr std::size_t kZoneNameBytes = 64;
inline constexpr std::size_t kZoneFileBytes =
    64 * 1024;  // of the host's zoneinfo; the largest has 4 KB
inline constexpr std::uint32_t kPriorityMax = 9;
inline constexpr std::uint32_t kDefaultPriority = 5;
inline constexpr std::uint32_t kConcurrencyMax = 1'000;  // runs of one group at the same time
inline constexpr std::int64_t kTimeoutMaxMs = 31LL * 24 * 3600 * 1000;
inline constexpr std::size_t kImageBytes = 512;
inline constexpr std::size_t kUserBytes = 64;
inline constexpr std::size_t kWebhookSecrets = 8;  // of one webhook: the old, the new, a spare
inline constexpr std::int64_t kCpusMinMilli = 10;  // Docker's own minimum
inline constexpr std::int64_t kCpusMaxMilli = 1'000'000;
inline constexpr std::int64_t kPidsMax = 4'194'304;  // the kernel's own maximum
inline constexpr std::int64_t kMemoryMaxBytes = 1LL << 50;
inline constexpr std::uint32_t kBackoffMaxPercent = 10'000;

// --- Host config (config/) ---
inline constexpr std::size_t kPathBytes = 4096;  // PATH_MAX
inline constexpr std::size_t kUrlBytes = 2048;
inline constexpr std::size_t kSocketPathBytes = 107;  // sockaddr_un
inline constexpr std::size_t kHostNameBytes = 253;
inline constexpr std::size_t kLabels = 64;
inline constexpr std::size_t kPolicyEntries = 1'000;  // image patterns, networks
inline constexpr std::int64_t kPullIntervalMinMs = 1'000;
inline constexpr std::int64_t kStoreMapMinBytes = 1024 * 1024;
inline constexpr std::int64_t kLogLimitMinBytes = 64 * 1024;
inline constexpr std::int64_t kWebhookBodyMinBytes = 1024;

// --- Sources (git/) ---
inline constexpr std::size_t kSourceFiles = 2'000;
inline constexpr std::size_t kSourceBytes = 16u * 1024 * 1024;  // all pipeline files of a revision
inline constexpr std::size_t kSourceTreeEntries = 100'000;
inline constexpr std::size_t kSourceTreeDepth = 32;  // directories below the source's path
inline constexpr std::size_t kSourcePathBytes = 1024;
inline constexpr std::size_t kElsewhere = 1'000;     // pipelines for other hosts that are named
inline constexpr std::size_t kSourceProblems = 200;  // reported for one revision
// What a poll of an unchanged revision reads again, so that a damaged clone shows before it is needed.
inline constexpr std::size_t kSourceVerifyBytes = 1024 * 1024;
inline constexpr std::size_t kSourceVerifyEntries = 2'000;
inline constexpr std::int64_t kPullDeadlineMs = 60'000;
inline constexpr std::int64_t kPullConnectMs = 10'000;
inline constexpr std::int64_t kPullReadMs =
    30'000;  // silence of the remote; Git's own servers speak every 5 s
// CPU time without progress after which the child is taken for hung: libgit2 spins on a torn object.
inline constexpr std::int64_t kPullHangMs = 2'000;
inline constexpr std::int64_t kPullFetchHangMs =
    10'000;                                         // while receiving: a large object takes time
inline constexpr std::int64_t kPullReapMs = 5'000;  // SIGKILL to gone; longer only in a stuck mount
inline constexpr std::size_t kPullMemoryBytes = 512u * 1024 * 1024;  // the child's address space
inline constexpr std::size_t kPullOpenFiles = 256;
inline constexpr std::size_t kPullRequestBytes = 64 * 1024;
inline constexpr std::size_t kPullStderrLineBytes = 1024;
inline constexpr std::size_t kPullStderrBytes = 4096;  // its last lines, kept for the message
inline constexpr std::size_t kPullTransferBytes = 1024u * 1024 * 1024;  // one fetch
inline constexpr std::size_t kClonePacks = 32;  // one a fetch; with more, the next is a new clone
inline constexpr std::size_t kRepositoryLinks = 16;  // alternates and gitdir files followed
inline constexpr std::int64_t kPullBackoffMaxMs = 15 * 60'000;
inline constexpr std::size_t kPipelines = 20'000;  // on one host
inline constexpr std::size_t kSources = 64;

// --- Runs (core/) ---
inline constexpr std::size_t kUnfinishedRuns = 10'000;  // more triggers are refused (503)
inline constexpr std::size_t kUnfinishedRunsPerPipeline = 1'000;
inline constexpr std::uint32_t kWorkersMax = 256;
inline constexpr std::int64_t kKillGraceMs = 10'000;          // SIGTERM to SIGKILL
inline constexpr std::int64_t kKillRepeatMs = 30'000;         // SIGKILL again while it lives
inline constexpr std::int64_t kRetryDelayMs = 10'000;         // default first delay
inline constexpr std::int64_t kRetryMaxDelayMs = 5 * 60'000;  // default cap of the backoff
inline constexpr std::size_t kCatchupTicks =
    100;  // missed ticks of one schedule that are run (all)
inline constexpr std::size_t kCatchupScanTicks = 100'000;  // looked at for that, 0.5 us each
inline constexpr std::int64_t kTickLateMs = 60'000;  // a tick dealt with later than this was missed
// A clock set back by less is waited for; by more, schedules follow it.
inline constexpr std::int64_t kClockBackMs = 60'000;
// Set forward by more, it is a jump: of any schedule only one missed tick runs.
inline constexpr std::int64_t kClockJumpMs = 60'000;
// Longest wait for a clock that is neither synchronised nor past what the store has seen.
inline constexpr std::int64_t kClockWaitMs = 10 * 60'000;
inline constexpr std::size_t kTriggerWalk = 100'000;  // pipelines looked at for cycles, a pull
inline constexpr std::uint32_t kTriggerDepth = 16;    // pipeline triggers in a row
// An identity is known for as long as its run is kept, and for this long at least.
inline constexpr std::int64_t kDedupeWindowMs = 7LL * 24 * 3600 * 1000;
inline constexpr std::size_t kParamValueBytes = 4096;
inline constexpr std::size_t kMessageBytes = 1024;  // a stored error message

// --- The loop (agent/) ---
inline constexpr std::size_t kEventQueueCost = 4u * 1024 * 1024;  // bytes, roughly
inline constexpr std::size_t kEventCost = 512;             // of one event that carries no log
inline constexpr std::size_t kBatchItems = 256;            // per commit
inline constexpr std::int64_t kClockCheckMs = 60'000;      // a wall clock that was set is noticed
inline constexpr std::int64_t kPruneMs = 60'000;           // between looks for old runs
inline constexpr std::int64_t kClockSteadyMs = 3'600'000;  // before a rule about age believes it
inline constexpr std::int64_t kClockTrustMs = 1'000;    // between looks at an unsynchronised clock
inline constexpr std::int64_t kStoreRetryMs = 1'000;    // after a commit that failed
inline constexpr std::size_t kChangeRing = 4'096;       // changes kept for watchers
inline constexpr std::int64_t kEngineCheckMs = 60'000;  // is the engine there? while it is
inline constexpr std::int64_t kEngineCheckAwayMs = 5'000;  // and while it is not
inline constexpr std::int64_t kReplyDeadlineMs = 10'000;   // trigger to durable commit

// --- Container engine (docker/, exec/) ---
inline constexpr std::size_t kEngineResponseBytes = 8u * 1024 * 1024;
inline constexpr std::int64_t kEngineCallMs = 30'000;    // calls that answer at once
inline constexpr std::int64_t kEngineStartMs = 120'000;  // start of one container
inline constexpr std::int64_t kEngineConnectMs = 5'000;
inline constexpr std::size_t kEngineIdleConnections = 4;  // kept open for the next call
inline constexpr std::size_t kEngineMessageBytes = 512;   // of the engine's own words in an error
inline constexpr std::size_t kImageNameBytes = 512;
inline constexpr std::int64_t kImagePullMs = 15 * 60'000;
inline constexpr std::size_t kPullLineBytes = 64 * 1024;  // one progress message
inline constexpr std::size_t kPullNotes = 20;             // progress lines in a task's log
inline constexpr std::int64_t kEngineBackoffMs = 100;     // first wait for an engine that is away
inline constexpr std::int64_t kEngineBackoffMaxMs = 5'000;
inline constexpr std::int64_t kEngineGiveUpMs =
    60'000;  // of an attempt that cannot have started yet
inline constexpr std::int64_t kEngineSettleMs = 1'000;   // for a start whose answer was lost
inline constexpr std::int64_t kContainerEndMs = 10'000;  // between a log's end and its container's
inline constexpr std::uint32_t kContainerTries = 8;  // a container that vanishes before its start
inline constexpr std::uint32_t kRemoveTries = 8;     // while the engine answers, but refuses
inline constexpr std::size_t kWorkerStackBytes = 256 * 1024;
// The engine's copy of a container's output: two files, the older one dropped when the newer is full. What
// an agent that was away finds again is at least one file's worth (JSON adds some 80 bytes a
// line); the most that one container takes of the engine's disk is both. Docker's follower is exact
// within one file, but skips and repeats parts when a task fills the next ones faster than it reads
// (seen with 20.10): a large file keeps ordinary tasks away from that.
inline constexpr std::size_t kEngineLogFileBytes = 32u * 1024 * 1024;
inline constexpr std::size_t kEngineLogFiles = 2;  // Podman keeps one, and drops it whole
// Podman's output is passed on once it is known that the container ran when it came: asked this often, or for so much.
inline constexpr std::int64_t kPodmanLookMs = 100;
inline constexpr std::size_t kPodmanHeldBytes = 256 * 1024;
inline constexpr std::int64_t kDefaultMemoryBytes = 256LL * 1024 * 1024;
inline constexpr std::int64_t kDefaultCpusMilli = 1000;
inline constexpr std::int64_t kDefaultPids = 128;
inline constexpr std::int64_t kMemoryMinBytes = 6LL * 1024 * 1024;  // Docker's own minimum
inline constexpr std::int64_t kDefaultTaskTimeoutMs = 60 * 60'000;

inline constexpr std::size_t kOutputs = 64;                 // names that one task declares
inline constexpr std::size_t kOutputFileBytes = 64 * 1024;  // $PAWL_OUTPUT of one attempt
inline constexpr std::size_t kOutputValueBytes = 4096;
inline constexpr std::size_t kOutputNotes = 10;  // lines of an attempt's $PAWL_OUTPUT complained of
// One request to remove a workspace: signals wait behind it. A large one goes on being removed by the engine.
inline constexpr std::int64_t kWorkspaceRemoveMs = 2'000;

// --- Sandboxes and containers created ahead (exec/) ---
inline constexpr std::uint32_t kWarmSandboxes = 1;  // each costs a shim of the engine's, some 10 MB
inline constexpr std::int64_t kSandboxMemoryBytes = 16LL * 1024 * 1024;
inline constexpr std::int64_t kSandboxPids = 8;
inline constexpr std::int64_t kSandboxCpusMilli = 100;
// A new warm sandbox is made once no task has been started for this long: it takes as much as a start.
inline constexpr std::int64_t kSandboxRefillMs = 1'000;
inline constexpr std::int64_t kSandboxWaitMs =
    10'000;  // for a sandbox; then the task has a network of its own

// --- Removals and the agent's end (exec/) ---
// A container that ended is removed this much later, or at the agent's end: a removal takes the engine as long as a start,
// and what is about to start goes first.
inline constexpr std::int64_t kRemoveLaterMs = 2'000;
inline constexpr std::int64_t kGoodbyeMs =
    3'000;  // for creations and removals that are due at the agent's end

// --- Images and disk (exec/, agent/) ---
inline constexpr std::uint32_t kPullTries = 6;  // while the registry fails, with growing waits
inline constexpr std::int64_t kPullRetryMs = 1'000;
inline constexpr std::int64_t kPullRetryMaxMs = 30'000;
inline constexpr std::int64_t kPullNoteMs = 2'000;  // between two progress lines
inline constexpr std::size_t kPullLayers =
    128;  // followed of one image, more than any engine makes
inline constexpr std::size_t kPullLayerIdBytes = 128;
inline constexpr std::size_t kRegistryConfigBytes = 1024 * 1024;
inline constexpr std::int64_t kImageLoadMs = 30 * 60'000;  // of one file
inline constexpr std::int64_t kImageLookMs = 5'000;        // between looks into the drop directory
// For an archive that a task finds being copied, and at least between two looks at it.
inline constexpr std::int64_t kImageWaitMs = 12 * kImageLookMs;
inline constexpr std::int64_t kImageWaitStepMs = 100;
inline constexpr std::size_t kImageFiles = 256;     // looked at in it
inline constexpr std::size_t kImageFilesTold = 10;  // of it, in an error
// Images that were used here; those that were not used for longest are forgotten, and so never removed.
inline constexpr std::size_t kLedgerImages = 1'000;
inline constexpr std::size_t kLedgerFileBytes = 4u * 1024 * 1024;
inline constexpr std::int64_t kDiskUsageMs = 120'000;
inline constexpr std::int64_t kDiskLookMs = 10 * 60'000;  // between counts of the engine's disk

// --- What an attempt uses (exec/) ---
inline constexpr std::int64_t kUsageFirstMs = 500;  // after its start; then each second,
inline constexpr std::int64_t kUsageEveryMs = 1'000;
inline constexpr std::int64_t kUsageSlowMs = 10'000;  // and this seldom after kUsageSlowAfter looks
inline constexpr std::uint32_t kUsageSlowAfter = 30;
inline constexpr std::uint32_t kUseRuns =
    20;  // the newest of a pipeline, that caps are suggested from

// --- Secrets in logs (exec/) ---
inline constexpr std::size_t kRedactMinBytes = 4;   // shorter secrets would blot out ordinary words
inline constexpr std::size_t kRedactLineBytes = 8;  // a line of a longer secret, on its own
inline constexpr std::size_t kRedactHeldBytes = 128 * 1024;  // output held back for a secret's end
inline constexpr std::size_t kRedactPatternBytes =
    2 * kRedactHeldBytes;  // of one attempt's spellings, 16 bytes each; past it large
// secrets are looked for in fewer of them

// --- Processes as tasks (process/) ---
inline constexpr std::size_t kProcessTasks = 100'000;  // records on the disk, volumes likewise
inline constexpr std::size_t kProcessRecordBytes = 64 * 1024;
inline constexpr std::size_t kProcessEndBytes =
    4096;  // kept free, so that an end can be written on a full disk
inline constexpr std::size_t kProcessTaskEntries = 64;  // of a task's directory
inline constexpr std::size_t kVolumeOpenDepth =
    64;  // an open descriptor each, while a volume is measured
inline constexpr std::size_t kKernelTextBytes = 256 * 1024;  // one file of /proc or a cgroup
inline constexpr int kStrayRounds =
    100;  // looks for what a task left behind, each followed by this:
inline constexpr int kStrayPauseMs = 10;
inline constexpr int kCgroupRemoveTries =
    50;  // a group is busy for a moment after its last process

// --- Logs (exec/, store/) ---
inline constexpr std::size_t kLogChunkBytes = 64 * 1024;    // uncompressed, one stored chunk
inline constexpr std::int64_t kLogFlushMs = 250;            // a line is readable this soon
inline constexpr std::size_t kLogLineBytes = 16 * 1024;     // one record; longer lines are several
inline constexpr std::size_t kLogFrameBytes = 1024 * 1024;  // one frame of the engine's stream
inline constexpr std::int64_t kLogWatchMs =
    60'000;                                       // silence after which the container is looked at
inline constexpr std::int64_t kLogLagMs = 2'000;  // the engine falls behind the task's output
inline constexpr std::int64_t kLogJitterMs = 50;  // stdout and stderr are stamped by two threads
inline constexpr std::uint32_t kLogFailures = 3;  // in a row, of an ended container's log
inline constexpr std::int64_t kLogLimitBytes = 10LL * 1024 * 1024;  // of one attempt; host config
inline constexpr std::int64_t kLogMergeBytes =
    4096;  // a stored chunk grows up to here before a new one

// --- Store (store/) ---
inline constexpr std::size_t kStoreMapBytes = 2ull * 1024 * 1024 * 1024;  // host config
inline constexpr std::int64_t kKeepAgeMs = 30LL * 24 * 3600 * 1000;       // host config
inline constexpr std::uint32_t kKeepRuns = 200;        // of one pipeline; host config
inline constexpr unsigned kStoreReaders = 126;         // snapshots at once, of all processes
inline constexpr std::int64_t kStoreCheckMs = 60'000;  // between looks at dead readers and room
inline constexpr std::size_t kStoreWarnPercent = 80;
inline constexpr std::size_t kStoreScanRows = 250'000;   // index entries looked at for one page
inline constexpr std::size_t kStoreDamageNames = 1'000;  // of damaged records that were logged
// Behind the store's size, a quarter of it up to this: what is removed needs room as well. Half of it is for the ends of
// what is under way.
inline constexpr std::size_t kStoreReserveBytes = 32u * 1024 * 1024;
inline constexpr std::size_t kStoreReserveMinBytes = 2u * 1024 * 1024;
// Held on the disk for the ends of what is under way; an eighth of a small store's size.
inline constexpr std::size_t kBallastBytes = 16u * 1024 * 1024;
inline constexpr std::size_t kPruneRuns = 64;        // removed in one transaction
inline constexpr std::size_t kPruneLogChunks = 512;  // likewise
inline constexpr std::size_t kPruneScanRows = 128;   // index entries looked at for the rule of age
inline constexpr std::size_t kPruneCountRows = 2'000;     // and for the rule of numbers
inline constexpr std::size_t kPruneIdentities = 64;       // looked at in one call
inline constexpr std::size_t kChainTrimEntries = 256;     // trimmed in one transaction
inline constexpr std::size_t kStoreSetAsideFiles = 4;     // damaged stores that are kept
inline constexpr std::uint64_t kRunsLostMax = 1'000'000;  // skipped where the last number is unsure
inline constexpr std::size_t kFormerInstances = 8;
inline constexpr std::size_t kRecordBytes = 1024 * 1024;
inline constexpr std::size_t kDefinitionBytes =
    8u * 1024 * 1024;  // as JSON, all defaults filled in
inline constexpr std::size_t kIdentityBytes = 512;
inline constexpr std::size_t kPageRows = 200;
inline constexpr std::size_t kDefaultPageRows = 50;

// --- HTTP (http/) ---
inline constexpr std::size_t kWebhookBodyBytes = 1024 * 1024;  // host config
inline constexpr std::size_t kApiBodyBytes = 256 * 1024;
inline constexpr std::size_t kHttpThreads = 4;             // base size of a listener's pool
inline constexpr std::size_t kHttpThreadsMax = 64;         // each client that is served holds one
inline constexpr std::size_t kStreams = 24;                // live streams at once
inline constexpr std::size_t kWaitingPulls = 4;            // sync requests that wait, at once
inline constexpr std::size_t kHttpQueued = 256;            // clients waiting for a thread
inline constexpr std::int64_t kHttpThreadIdleMs = 10'000;  // then a thread over the base size ends
inline constexpr std::size_t kHttpConnections = 320;  // of one listener; idle ones give way first
inline constexpr std::size_t kHttpPeerConnections = 32;  // of one address that is not loopback
inline constexpr std::size_t kHttpLingering = 64;        // refused ones that still get their answer
inline constexpr std::size_t kHttpBufferedBytes = 32u * 1024 * 1024;  // requests held, a listener
inline constexpr std::size_t kHttpHeadBytes = 16 * 1024;
inline constexpr std::size_t kHttpTargetBytes = 8 * 1024;
inline constexpr std::size_t kHttpQueryParameters = 32;
inline constexpr std::size_t kHttpKeepAliveRequests = 10'000;  // on one connection
inline constexpr std::int64_t kHttpReadMs = 5'000;      // connection or first byte to whole head
inline constexpr std::int64_t kHttpBodyMs = 30'000;     // head to whole body
inline constexpr std::int64_t kHttpEvictMs = 1'000;     // a client waited for this long gives way
inline constexpr std::int64_t kHttpIdleMs = 2'000;      // between two requests, which hold a thread
inline constexpr std::int64_t kHttpWriteMs = 5'000;     // without a byte taken by the client
inline constexpr std::int64_t kHttpAnswerMs = 60'000;   // a whole answer that is no stream
inline constexpr std::int64_t kHttpLingerMs = 2'000;    // to read what a refused client still sends
inline constexpr std::int64_t kHttpShutdownMs = 1'000;  // for answers under way at the end
inline constexpr std::int64_t kStreamPollMs = 1'000;    // a gone client or a stop is seen this soon
inline constexpr std::size_t kDeliveryIdBytes = 200;
inline constexpr std::size_t kIdempotencyKeyBytes = 200;
inline constexpr std::size_t kWebhookSecretsPerPath = 64;  // distinct ones tried for one path
inline constexpr std::size_t kScheduleTicks = 200;         // of one answer
inline constexpr std::size_t kDefaultScheduleTicks = 20;
inline constexpr std::size_t kPipelineTicks = 5;  // shown with one pipeline
inline constexpr std::size_t kClientBodyBytes = 16u * 1024 * 1024;
inline constexpr std::int64_t kClientConnectMs = 5'000;
inline constexpr std::int64_t kClientStreamMs = 20LL * 24 * 3600 * 1000;  // a task may be silent
inline constexpr std::int64_t kClientReadMs = 75'000;  // more than a pull that is waited for
inline constexpr std::int64_t kStreamKeepAliveMs = 15'000;
inline constexpr std::size_t kSecretBytes = 64 * 1024;
inline constexpr std::size_t kLogReadBytes = 256 * 1024;  // one page of log text
inline constexpr std::size_t kJsonDepth = 64;             // of a webhook or API body

// --- CLI (cli/) ---
inline constexpr std::uint32_t kCliRuns = 10'000;     // `pawl runs --limit`
inline constexpr std::int64_t kCliPollMinMs = 100;    // between looks at a run that is waited for,
inline constexpr std::int64_t kCliPollMaxMs = 1'000;  // rising to this
inline constexpr std::int64_t kCliReconnectMs = 30'000;  // an agent that restarts is waited for
inline constexpr std::size_t kCliLogBatchBytes = 1024 * 1024;  // followed output sorted at once

}  // namespace pawl::limits
