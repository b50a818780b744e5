using Tenantry.Model.Apps;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;

namespace Tenantry.Server.Store;

/// <summary>Outcome of applying a release.</summary>
public sealed record AppliedRelease(App App, Release Release, bool IsNewRelease, bool AppChanged);

/// <summary>Part of a list: at most <paramref name="Limit"/> items after <paramref name="Cursor"/> (opaque, from the page before; null: from the start).</summary>
public sealed record PageRequest(int Limit = 100, string? Cursor = null)
{
    /// <summary>Items to pass over after the cursor, where a list allows it.</summary>
    public int Offset { get; init; }
}

/// <summary>A part of a list and the cursor of the next one, null at the end.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>Narrows a list of instances; null: any.</summary>
public sealed record InstanceFilter(string? Tenant = null, string? App = null, string? Target = null, string? Organization = null)
{
    /// <summary>Those of these organizations alone; null: of all.</summary>
    public IReadOnlyList<string>? Organizations { get; init; }

    /// <summary>Part of its slug, tenant or app.</summary>
    public string? Text { get; init; }

    public InstancePhase? Phase { get; init; }

    public InstanceHealth? Health { get; init; }

    /// <summary>In which order; only the first goes on from a cursor.</summary>
    public InstanceOrder Order { get; init; }
}

/// <summary>Orders of a list of instances; those that are alike are by slug.</summary>
public enum InstanceOrder
{
    Slug,
    SlugDown,
    App,
    Target,
    State,
    Created,
    CreatedDown,
}

/// <summary>How many instances stand in one phase with one health, and how many of these differ from what is wanted.</summary>
public sealed record InstanceCount(InstancePhase Phase, InstanceHealth Health, int Count, int Drifted);

/// <summary>
/// An instance that is due. <paramref name="Settled"/>: it was well when it was last seen at this generation, so that most likely
/// nothing is to be done. A hint for how to queue it, no more.
/// </summary>
public sealed record DueInstance(string Id, string Target, bool Settled = false);

/// <summary>An instance and the lease to work on it.</summary>
public sealed record ClaimedInstance(InstanceRecord Record, Lease Lease);

/// <summary>What a pass came to.</summary>
/// <param name="Lease">The lease it worked under; given back.</param>
/// <param name="Status">The status to write, or null for none; then the instance is due again at once.</param>
/// <param name="Operation">The operation to write, or null.</param>
/// <param name="Remove">The instance was deleted and that was verified: it leaves the store.</param>
public sealed record PassOutcome(Lease Lease, InstanceStatus? Status, Operation? Operation, bool Remove = false)
{
    /// <summary>The engine's decision to write with it, or null when that stays as it is. Left out when the spec changed meanwhile.</summary>
    public RestWrite? Rest { get; init; }

    /// <summary>A wake that it brought about, or null.</summary>
    public WakeRecord? Wake { get; init; }
}

/// <summary>Another decision of the engine's in place of the one before; null ends it.</summary>
public sealed record RestWrite(InstanceRest? Rest);

/// <summary>A wake of an instance.</summary>
public sealed record StoredWake(string Slug, string App, string Target, WakeRecord Wake);

/// <summary>A look that saw nothing new, and when to look again.</summary>
public sealed record QuietLook(Lease Lease, DateTimeOffset NextLookAt);

/// <summary>The right to work on something. <paramref name="Token"/> is the fencing token.</summary>
public sealed record Lease(string Key, string Holder, long Token, DateTimeOffset ExpiresAt);

/// <summary>A configured target.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">A kind of the catalogue.</param>
/// <param name="Options">The kind's options.</param>
/// <param name="RepairDrift">True: drift is repaired; false: only reported.</param>
/// <param name="Parallel">How many instances are worked on at once.</param>
/// <param name="Version">Its ETag.</param>
/// <param name="CreatedAt">When it was added.</param>
/// <param name="Home">The engine that alone works on it, where the target is one machine; empty: every engine does.</param>
public sealed record TargetRecord(
    string Name,
    string Kind,
    IReadOnlyDictionary<string, string> Options,
    bool RepairDrift,
    int Parallel,
    long Version,
    DateTimeOffset CreatedAt,
    string Home = "");

/// <summary>A provider of LLM keys.</summary>
/// <param name="Name">Its name, as manifests use it.</param>
/// <param name="BaseUrl">Where its API is.</param>
/// <param name="ManagementKey">The key that makes keys, readable by the engine alone.</param>
/// <param name="PollSeconds">Time between two looks at what keys have spent.</param>
/// <param name="Workspace">Where keys are made at the provider; empty: its default.</param>
/// <param name="Version">Its ETag.</param>
/// <param name="ChangedAt">When it was changed last.</param>
public sealed record LlmProviderRecord(string Name, string BaseUrl, byte[] ManagementKey, int PollSeconds, string Workspace, long Version, DateTimeOffset ChangedAt)
{
    internal const string KeyHolderPrefix = "provider:";

    /// <summary>Whose data key the management key of a provider is under.</summary>
    public static string KeyHolderOf(string provider) => KeyHolderPrefix + provider;

    /// <summary>What a management key's seal is bound to: its provider and the address that it may be sent to, and no other.</summary>
    public static SecretPlace PlaceOf(string provider, string baseUrl) => new(SecretScope.App, provider, KeyHolderPrefix, $"management-key {baseUrl}");

    /// <summary>What it was bound to before addresses were.</summary>
    public static SecretPlace FirstPlaceOf(string provider) => new(SecretScope.App, provider, KeyHolderPrefix, "management-key");
}

/// <summary>An API token: only its hash is kept.</summary>
/// <param name="Name">Names it in lists and in the audit.</param>
/// <param name="Hash">SHA-256 of its text, in hexadecimal.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">When it ends; null: never.</param>
/// <param name="Role">What who holds it may do.</param>
/// <param name="Organization">In which organization; empty: everywhere.</param>
/// <param name="LastUsedAt">When it was used last, to the minute; null: never.</param>
public sealed record ApiToken(
    string Name, string Hash, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, Role Role = Role.Admin, string Organization = "", DateTimeOffset? LastUsedAt = null);

/// <summary>What was answered to a request with an <c>Idempotency-Key</c>.</summary>
public sealed record IdempotentAnswer(string Key, string RequestHash, int Status, string Location, string Body, DateTimeOffset CreatedAt, string ETag = "");

/// <summary>A decision to rest that was found right anew.</summary>
/// <param name="InstanceId">The instance.</param>
/// <param name="Rest">The decision, of the same depth.</param>
/// <param name="Before">When the one was made that it takes the place of.</param>
/// <param name="Generation">The spec's that both were made for.</param>
public sealed record RestRenewal(string InstanceId, InstanceRest Rest, DateTimeOffset Before, long Generation);

/// <summary>Who did what to what.</summary>
public sealed record AuditEntry(string Actor, string Action, string Subject, string Outcome, string Detail, string RequestId, DateTimeOffset At)
{
    /// <summary>How the actor was let in, as <c>Caller.ThroughText</c> says it.</summary>
    public string Through { get; init; } = "";

    /// <summary>What was so before and is so now, as JSON; never a secret.</summary>
    public string Changes { get; init; } = "";

    /// <summary>Whose thing it is about, for whom they belong to; empty: nobody's but the platform's.</summary>
    public string Organization { get; init; } = "";
}

/// <summary>Narrows the audit; null: any.</summary>
/// <param name="Actor">Who.</param>
/// <param name="Action">What, such as <c>instance.create</c>, or all of a kind, such as <c>instance</c>.</param>
/// <param name="Subject">What to, such as <c>instance alice</c>.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="Since">From then on.</param>
/// <param name="Until">Before then.</param>
/// <param name="Organizations">About what belongs to one of these.</param>
public sealed record AuditFilter(
    string? Actor = null, string? Action = null, string? Subject = null, string? Outcome = null, DateTimeOffset? Since = null, DateTimeOffset? Until = null, IReadOnlyList<string>? Organizations = null);

/// <summary>Where the audit's chain ends, as it was noted with the newest row.</summary>
public sealed record AuditHead(long Sequence, string Hash);

/// <summary>An audit entry in its chain.</summary>
public sealed record AuditRow(long Sequence, AuditEntry Entry, string PreviousHash, string Hash);

/// <summary>Something changed: <paramref name="Kind"/> is <c>instance</c>, <c>operation</c>, <c>app</c>, <c>tenant</c>, <c>target</c>, <c>llm-provider</c> or <c>llm-key</c> (whose key is the instance's); <paramref name="Action"/> is <c>created</c>, <c>updated</c>, <c>removed</c>, for an instance <c>status</c>, and for an LLM key <c>made</c>, <c>differs</c>, <c>used-50</c>, <c>used-80</c> or <c>used-100</c>.</summary>
public sealed record ChangeEvent(long Sequence, string Kind, string Key, string Action, DateTimeOffset At);

/// <summary>What asking for a tenant's removal came to.</summary>
/// <param name="Operations">The deletions of its instances, begun now or under way; none when the tenant is gone at once.</param>
/// <param name="Changed">What was changed now, as the audit names it.</param>
public sealed record TenantRemoval(IReadOnlyList<Operation> Operations, IReadOnlyList<string> Changed);

/// <summary>A write lost a race or broke a rule of uniqueness. The message is for a person.</summary>
public class StoreConflictException(string message) : Exception(message);

/// <summary>Somebody else works on it now.</summary>
public sealed class LeaseLostException(string key) : Exception($"The lease on '{key}' was taken by another worker.");

/// <summary>The database does not answer.</summary>
public sealed class StoreUnavailableException(string reason, Exception cause) : Exception($"The store does not answer ({reason}). It is tried again.", cause)
{
    /// <summary>What the database or the network says.</summary>
    public string Reason => reason;
}

/// <summary>The store cannot be used: it is newer than this program, or damaged. The message says what to do.</summary>
public class StoreRefusedException(string message) : Exception(message);

/// <summary>What was asked for is no store's address. The message never repeats a password.</summary>
public sealed class StoreAddressException(string message) : StoreRefusedException(message);
