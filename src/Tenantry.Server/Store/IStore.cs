using System.Net;
using Tenantry.Model.Instances;
using Tenantry.Model.Llm;
using Tenantry.Model.Manifests;
using Tenantry.Model.Operations;
using Tenantry.Model.Tenants;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Ranges;

namespace Tenantry.Server.Store;

/// <summary>
/// Everything that outlives a process: one suite of tests holds SQLite and PostgreSQL to it. Only the API writes specs, only the
/// reconciler writes statuses. A write that lost a race throws <see cref="StoreConflictException"/> and changes nothing. While the
/// database is away, calls throw <see cref="StoreUnavailableException"/>. What changes what is wanted writes a row of the present
/// <see cref="AuditTrail"/>, if there is one, in its transaction.
/// </summary>
public interface IStore : ITenancyStore, IAccessStore, IPeopleStore, IInvitationStore, IPasskeyStore, IQuotaStore, IAsyncDisposable
{
    /// <summary>This control plane's id, made with the store: the ownership label on everything outside.</summary>
    string Owner { get; }

    /// <summary>
    /// Writes spec, fresh status, operation, and the tenant (with its organization) if it is to be made, in one transaction. Conflict when the slug, one of the hosts, or tenant × app ×
    /// environment is taken, when the tenant is being deleted, when tenant, target or release do not exist, and when it is more than the organization's quota.
    /// </summary>
    Task CreateInstanceAsync(InstanceSpec spec, Operation operation, Tenant? newTenant, CancellationToken cancellationToken);

    Task<InstanceRecord?> FindInstanceAsync(string id, CancellationToken cancellationToken);

    Task<InstanceRecord?> FindInstanceBySlugAsync(string slug, CancellationToken cancellationToken);

    /// <summary>Slug of the instance that a host leads to beside its own address, or null.</summary>
    Task<string?> FindSlugOfHostAsync(string host, CancellationToken cancellationToken);

    /// <summary>By slug. The page may begin with an offset.</summary>
    Task<Page<InstanceRecord>> ListInstancesAsync(InstanceFilter filter, PageRequest page, CancellationToken cancellationToken);

    /// <summary>How many there are, by phase and health.</summary>
    Task<IReadOnlyList<InstanceCount>> CountInstancesAsync(InstanceFilter filter, CancellationToken cancellationToken);

    /// <summary>
    /// Writes the spec (generation grown by one) and the operation that waits for it, in one transaction; older unfinished operations of
    /// the instance become superseded. Conflict when the stored generation is not <paramref name="expectedGeneration"/>, when the instance is
    /// being deleted, and when slug, tenant, organization, app, environment or target differ: outside names hang on them.
    /// </summary>
    Task<InstanceSpec> UpdateInstanceAsync(InstanceSpec spec, long expectedGeneration, Operation operation, CancellationToken cancellationToken);

    /// <summary>
    /// Writes a status in the middle of the work; its next look counts only from <see cref="FinishPassAsync"/> on. Seen by everybody at once and kept when this process is
    /// killed, but not waited for: a loss of power may take it. Throws
    /// <see cref="LeaseLostException"/> when the lease is not the newest of the instance.
    /// </summary>
    Task WriteStatusAsync(InstanceStatus status, Lease lease, CancellationToken cancellationToken);

    /// <summary>
    /// Takes the leases of those of the instances that exist, that nobody works on, and whose target the holder (<c>node/run</c>) may work on,
    /// and reads them, in one transaction. Who holds an
    /// instance's lease has until its end: what nobody finished by then is due again. Where every holder goes down with the database's machine (SQLite), this is not waited for: a loss of power ends the lease, too.
    /// </summary>
    Task<IReadOnlyList<ClaimedInstance>> ClaimInstancesAsync(
        IReadOnlyList<string> ids, string holder, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Ends a pass: writes what it came to and gives the lease back, in one transaction. Fenced like a status.</summary>
    Task FinishPassAsync(PassOutcome outcome, CancellationToken cancellationToken);

    /// <summary>
    /// Writes what the engine decided beside the spec, or with null that the spec alone counts, and makes the instance due, unless it is the same depth as before. False,
    /// and nothing happens, when the spec is not at that generation, or when the decision that is in force is not <paramref name="before"/>.
    /// </summary>
    Task<bool> PutRestAsync(string instanceId, InstanceRest? rest, InstanceRest? before, long generation, CancellationToken cancellationToken);

    /// <summary>
    /// Decisions that were made anew, of the same depth, many at once; gives the instances of which nothing was written, since their spec is at another generation or another
    /// decision is in force. A loss of power may take what was written: then the decision before stands, until its time is over.
    /// </summary>
    Task<IReadOnlyList<string>> RenewRestsAsync(IReadOnlyList<RestRenewal> renewals, CancellationToken cancellationToken);

    /// <summary>Writes a wake, or what is known better of one that was written.</summary>
    Task AddWakeAsync(string instanceId, WakeRecord wake, CancellationToken cancellationToken);

    /// <summary>Wakes, newest first; of one instance, or of all when it is null. The newest 1,000 of each are kept.</summary>
    Task<IReadOnlyList<StoredWake>> ListWakesAsync(string? instanceId, int limit, CancellationToken cancellationToken);

    /// <summary>Ends looks that saw nothing new: moves the next look, gives the leases back, tells nobody. A lease that was lost is passed over.</summary>
    Task FinishLooksAsync(IReadOnlyList<QuietLook> looks, CancellationToken cancellationToken);

    /// <summary>
    /// Ends a deletion that was verified: removes spec, status and secrets, and the tenant when it is being deleted and this was
    /// its last instance. Fenced like a status.
    /// </summary>
    Task RemoveInstanceAsync(string id, Lease lease, CancellationToken cancellationToken);

    /// <summary>Instances that are due and that nobody works on, of targets on which this node's engine may work: not seen at their generation, or their time has come. Oldest first.</summary>
    Task<IReadOnlyList<DueInstance>> ListDueAsync(string node, DateTimeOffset now, int limit, CancellationToken cancellationToken);

    /// <summary>When the next instance that this node's engine may work on becomes due, or null when there is none.</summary>
    Task<DateTimeOffset?> NextDueAsync(string node, CancellationToken cancellationToken);

    Task<Operation?> FindOperationAsync(string id, CancellationToken cancellationToken);

    /// <summary>Newest first.</summary>
    Task<Page<Operation>> ListOperationsAsync(string? instanceId, PageRequest page, CancellationToken cancellationToken);

    /// <summary>Those on instances of some organizations, newest first; also of instances that are gone.</summary>
    Task<Page<Operation>> ListOperationsOfAsync(IReadOnlyList<string> organizations, PageRequest page, CancellationToken cancellationToken);

    /// <summary>Whose instance an operation is on; null: there is no such operation.</summary>
    Task<string?> FindOperationOrganizationAsync(string id, CancellationToken cancellationToken);

    /// <summary>The newest unfinished operation of an instance, or null.</summary>
    Task<Operation?> FindOpenOperationAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>Writes state, steps, percent, error and end of an operation that has not ended yet; one that has stays as it is. Fenced like a status in the middle of the work, and kept as that is.</summary>
    Task WriteOperationAsync(Operation operation, Lease lease, CancellationToken cancellationToken);

    /// <summary>
    /// Takes the lease named <paramref name="key"/> (an instance's id, or a role's name) if it is free, expired, or the holder's own. Each
    /// taking by another holder has a greater fencing token. Null when somebody else has it.
    /// </summary>
    Task<Lease?> TryAcquireLeaseAsync(string key, string holder, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Prolongs it; null when it was lost.</summary>
    Task<Lease?> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Gives it back. An instance that was not finished becomes due at once.</summary>
    Task ReleaseLeaseAsync(Lease lease, CancellationToken cancellationToken);

    /// <summary>Keys of the leases in force that begin so, in order.</summary>
    Task<IReadOnlyList<string>> ListLeasesAsync(string keyPrefix, CancellationToken cancellationToken);

    /// <summary>
    /// Frees every lease whose holder's name begins so: for an engine that starts again and knows that its earlier run is dead.
    /// Returns how many.
    /// </summary>
    Task<int> DropLeasesAsync(string holderPrefix, CancellationToken cancellationToken);

    Task<TargetRecord?> FindTargetAsync(string name, CancellationToken cancellationToken);

    Task<IReadOnlyList<TargetRecord>> ListTargetsAsync(CancellationToken cancellationToken);

    /// <summary>Creates or changes. Conflict when the stored version is not <paramref name="expectedVersion"/> (0: must be new).</summary>
    Task<TargetRecord> PutTargetAsync(TargetRecord target, long expectedVersion, CancellationToken cancellationToken);

    /// <summary>Changes one so that it is another place. Conflict also while an instance is on it.</summary>
    Task<TargetRecord> MoveTargetAsync(TargetRecord target, long expectedVersion, CancellationToken cancellationToken);

    /// <summary>
    /// Says at which node a target is at home that is one machine: this one when it has none yet or with <paramref name="replace"/>, else the one that
    /// is stored, which is returned. Instances of a target that was moved are due at once. Empty when there is no such target.
    /// </summary>
    Task<string> SettleTargetAsync(string name, string node, bool replace, CancellationToken cancellationToken);

    /// <summary>Conflict while an instance is on it. False when there is none.</summary>
    Task<bool> DeleteTargetAsync(string name, CancellationToken cancellationToken);

    /// <summary>
    /// Writes sealed values in one transaction, each as a version of its own, one greater than the newest; the oldest beyond <see cref="SealedSecret.KeptVersions"/> go. The
    /// generations of the instances at these places grow by one for all values. Of a value that several instances share, those that work take turns: one instance of an app
    /// at a time, the next one when that one is well again. Conflict when a holder does not exist.
    /// </summary>
    Task<IReadOnlyList<SealedSecret>> PutSecretsAsync(IReadOnlyList<NewSecret> secrets, CancellationToken cancellationToken);

    /// <summary>Writes it only when there is none yet at that place, and returns the one that is in force afterwards. No generation grows.</summary>
    Task<SealedSecret> AddSecretAsync(NewSecret secret, CancellationToken cancellationToken);

    /// <summary>Who waits for a turn, of an app's instances.</summary>
    Task<IReadOnlyList<SecretTurn>> ListSecretTurnsAsync(string app, CancellationToken cancellationToken);

    /// <summary>What an instance has at each level, several of one name when several levels have one: what is in force, or the version before while it waits for its turn.</summary>
    Task<IReadOnlyList<SealedSecret>> ListSecretsAsync(InstanceSpec spec, CancellationToken cancellationToken);

    /// <summary>What is in force of an app's secrets at all places.</summary>
    Task<IReadOnlyList<SealedSecret>> ListAppSecretsAsync(string app, CancellationToken cancellationToken);

    /// <summary>All versions at a place, newest first.</summary>
    Task<IReadOnlyList<SealedSecret>> ListSecretVersionsAsync(SecretPlace place, CancellationToken cancellationToken);

    /// <summary>Writes the value of an older version as a new one. Null when there is no such version. Generations grow as with a new value.</summary>
    Task<SealedSecret?> RollBackSecretAsync(SecretPlace place, long version, CancellationToken cancellationToken);

    /// <summary>Takes the value and all its versions away. False when there is none. The generations of all instances at the place grow at once.</summary>
    Task<bool> DeleteSecretAsync(SecretPlace place, CancellationToken cancellationToken);

    /// <summary>Versions, in force or not, whose sealed form begins with that byte.</summary>
    Task<IReadOnlyList<SealedSecret>> ListSecretsInFormAsync(byte form, CancellationToken cancellationToken);

    /// <summary>Writes the same value sealed anew, unless it was changed meanwhile. No generation grows.</summary>
    Task ResealSecretAsync(SealedSecret secret, byte[] sealedValue, CancellationToken cancellationToken);

    /// <summary>The data key of a holder (<see cref="SecretPlace.KeyHolderOf(SecretScope, string)"/>), or null. It goes with its tenant or app.</summary>
    Task<DataKey?> FindDataKeyAsync(string holder, CancellationToken cancellationToken);

    /// <summary>Writes it only when the holder has none, and returns the one that is stored afterwards. Conflict when there is no such holder.</summary>
    Task<DataKey> AddDataKeyAsync(DataKey key, CancellationToken cancellationToken);

    /// <summary>Data keys that are wrapped under another engine key than that.</summary>
    Task<IReadOnlyList<DataKey>> ListDataKeysOtherThanAsync(string engineKey, int limit, CancellationToken cancellationToken);

    /// <summary>Writes the same data key wrapped anew. False when it is not wrapped under <paramref name="before"/> any more, or gone.</summary>
    Task<bool> RewrapDataKeyAsync(DataKey key, string before, CancellationToken cancellationToken);

    /// <summary>The mark of the engine key that the store is used with; null while it was used with none.</summary>
    Task<string?> FindEngineKeyAsync(CancellationToken cancellationToken);

    /// <summary>LLM keys of an instance, by secret.</summary>
    Task<IReadOnlyList<LlmKeyRecord>> ListLlmKeysAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>All LLM keys of a provider.</summary>
    Task<IReadOnlyList<LlmKeyRecord>> ListLlmKeysOfProviderAsync(string provider, CancellationToken cancellationToken);

    /// <summary>Writes a key and, when it has just been made, its sealed text, in one transaction; the instance's generation stays. Fenced like a status.</summary>
    Task WriteLlmKeyAsync(LlmKey key, NewSecret? text, Lease lease, CancellationToken cancellationToken);

    /// <summary>Forgets a key that its provider does not have any more, with its text when nobody needs that. Fenced like a status.</summary>
    Task RemoveLlmKeyAsync(LlmKey key, bool withText, Lease lease, CancellationToken cancellationToken);

    /// <summary>Writes what was seen of keys that are still the same; thresholds that are reached become events, and instances whose keys differ are due.</summary>
    Task WriteLlmUsagesAsync(IReadOnlyList<LlmKeyRecord> seen, CancellationToken cancellationToken);

    Task<LlmProviderRecord?> FindLlmProviderAsync(string name, CancellationToken cancellationToken);

    Task<IReadOnlyList<LlmProviderRecord>> ListLlmProvidersAsync(CancellationToken cancellationToken);

    /// <summary>Creates or changes; instances that failed or wait are due. Conflict when the stored version is not <paramref name="expectedVersion"/> (0: must be new).</summary>
    Task<LlmProviderRecord> PutLlmProviderAsync(LlmProviderRecord provider, long expectedVersion, CancellationToken cancellationToken);

    /// <summary>Conflict while a key of it is in use. False when there is none.</summary>
    Task<bool> DeleteLlmProviderAsync(string name, CancellationToken cancellationToken);

    /// <summary>
    /// The mark of the engine key that the store is used with: this one when there is none yet or with <paramref name="replace"/>, else the one that is stored. Replacing removes
    /// the data keys under any other.
    /// </summary>
    Task<string> ClaimEngineKeyAsync(string mark, bool replace, CancellationToken cancellationToken);

    /// <summary>Ends a rotation of the engine key. False, and nothing happens, while a data key is under another one. Conflict when the store's is neither of the two.</summary>
    Task<bool> ReplaceEngineKeyAsync(string before, string mark, CancellationToken cancellationToken);

    /// <summary>
    /// What changed after <paramref name="after"/>, in order. Every write of a spec, status, operation, app, tenant or target adds one. The
    /// newest 100,000 are kept: a reader who finds a gap after its last number lists anew what it shows.
    /// </summary>
    Task<IReadOnlyList<ChangeEvent>> ListChangesAsync(long after, int limit, CancellationToken cancellationToken);

    /// <summary>Number of the newest change, 0 when there is none.</summary>
    Task<long> LastChangeAsync(CancellationToken cancellationToken);

    /// <summary>The network range of an instance, or null.</summary>
    Task<IPNetwork?> FindRangeAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>The range that would be given next. Throws <see cref="TargetException"/> when none is free.</summary>
    Task<IPNetwork> PeekRangeAsync(RangeWish wish, CancellationToken cancellationToken);

    /// <summary>
    /// Gives an instance a range, once: one that overlaps with none that is in use or was given back less than the wish's time ago. Throws <see cref="TargetException"/> when none is free.
    /// </summary>
    Task<IPNetwork> ClaimRangeAsync(string instanceId, RangeWish wish, CancellationToken cancellationToken);

    /// <summary>Notes that an instance's range is in use no more. False when it had none.</summary>
    Task<bool> ReleaseRangeAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>Every range that is or was given, oldest first.</summary>
    Task<IReadOnlyList<TakenRange>> ListRangesAsync(CancellationToken cancellationToken);

    /// <summary>Answers when the database does.</summary>
    Task PingAsync(CancellationToken cancellationToken);
}
