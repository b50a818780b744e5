using System.Net;
using Tenantry.Model.Apps;
using Tenantry.Model.Instances;
using Tenantry.Model.Llm;
using Tenantry.Model.Operations;
using Tenantry.Model.Tenants;
using Tenantry.Server.Store.Connections;
using Tenantry.Server.Store.Rows;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Ranges;

namespace Tenantry.Server.Store;

/// <summary>The store over either database. A table of contents: each promise is kept in the file of its rows.</summary>
internal sealed class SqlStore(Database database, string owner) : SqlAccessStore(database), IStore
{
    public string Owner { get; } = owner;

    public Task<Organization> EnsureOrganizationAsync(string name, CancellationToken cancellationToken) =>
        ChangeAsync($"organization {name}", s => TenantRows.EnsureOrganizationAsync(s, name), cancellationToken);

    public Task<bool> DeleteOrganizationAsync(string name, CancellationToken cancellationToken) =>
        ChangeAsync($"organization {name}", s => TenantRows.DeleteOrganizationAsync(s, name), cancellationToken);

    public Task<IReadOnlyList<Organization>> ListOrganizationsAsync(CancellationToken cancellationToken) =>
        Database.ReadAsync(TenantRows.ListOrganizationsAsync, cancellationToken);

    public Task<AppliedRelease> ApplyReleaseAsync(Release release, CancellationToken cancellationToken) =>
        ChangeAsync($"app {release.App}", s => AppRows.ApplyAsync(s, release), cancellationToken);

    public Task<App?> FindAppAsync(string name, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => AppRows.FindAsync(s, name), cancellationToken);

    public Task<Page<App>> ListAppsAsync(PageRequest page, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => AppRows.ListAsync(s, page), cancellationToken);

    public Task<bool> DeleteAppAsync(string name, CancellationToken cancellationToken) =>
        ChangeAsync($"app {name}", s => AppRows.DeleteAsync(s, name), cancellationToken);

    public Task<Release?> FindReleaseAsync(string id, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => AppRows.FindReleaseAsync(s, id), cancellationToken);

    public Task<IReadOnlyList<Release>> ListReleasesAsync(string app, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => AppRows.ListReleasesAsync(s, app), cancellationToken);

    public Task<bool> PutSourceAsync(string digest, Stream archive, CancellationToken cancellationToken) =>
        ChangeAsync($"source {digest}", s => SourceRows.PutAsync(s, digest, archive, cancellationToken), cancellationToken);

    public Task<bool> HasSourceAsync(string digest, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => SourceRows.HasAsync(s, digest), cancellationToken);

    public Task<bool> ReadSourceAsync(string digest, Stream output, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => SourceRows.ReadAsync(s, digest, output, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<string>> ListUsedSourcesAsync(CancellationToken cancellationToken) =>
        Database.ReadAsync(s => SourceRows.ListUsedAsync(s, null), cancellationToken);

    public Task<Tenant> CreateTenantAsync(Tenant tenant, CancellationToken cancellationToken) =>
        ChangeAsync($"tenant {tenant.Name}", s => TenantRows.CreateAsync(s, tenant), cancellationToken);

    public Task<Tenant?> FindTenantAsync(string name, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => TenantRows.FindAsync(s, name), cancellationToken);

    public Task<Page<Tenant>> ListTenantsAsync(PageRequest page, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => TenantRows.ListAsync(s, null, page), cancellationToken);

    public Task<Page<Tenant>> ListTenantsOfAsync(IReadOnlyList<string> organizations, PageRequest page, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => TenantRows.ListAsync(s, organizations, page), cancellationToken);

    public Task<Tenant> UpdateTenantAsync(Tenant tenant, long expectedVersion, CancellationToken cancellationToken) =>
        ChangeAsync($"tenant {tenant.Name}", s => TenantRows.UpdateAsync(s, tenant, expectedVersion), cancellationToken);

    public Task<TenantRemoval> RemoveTenantAsync(Tenant tenant, Func<InstanceSpec, Operation> deletion, CancellationToken cancellationToken) =>
        ChangeAsync(removal => removal.Changed, s => TenantRemovalRows.RemoveAsync(s, tenant, deletion), cancellationToken);

    public Task<bool> DeleteTenantAsync(string name, CancellationToken cancellationToken) =>
        ChangeAsync($"tenant {name}", s => TenantRows.DeleteAsync(s, name), cancellationToken);

    public Task CreateInstanceAsync(InstanceSpec spec, Operation operation, Tenant? newTenant, CancellationToken cancellationToken) =>
        ChangeAsync($"instance {spec.Slug}", s => QuotaRows.WithinAsync(s, spec, async () => { await InstanceRows.CreateAsync(s, spec, operation, newTenant); return true; }), cancellationToken);

    public Task<InstanceRecord?> FindInstanceAsync(string id, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => InstanceReads.FindAsync(s, id), cancellationToken);

    public Task<InstanceRecord?> FindInstanceBySlugAsync(string slug, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => InstanceReads.FindBySlugAsync(s, slug), cancellationToken);

    public Task<string?> FindSlugOfHostAsync(string host, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => InstanceRows.FindSlugOfHostAsync(s, host), cancellationToken);

    public Task<Page<InstanceRecord>> ListInstancesAsync(InstanceFilter filter, PageRequest page, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => InstanceReads.ListAsync(s, filter, page), cancellationToken);

    public Task<IReadOnlyList<InstanceCount>> CountInstancesAsync(InstanceFilter filter, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => InstanceReads.CountAsync(s, filter), cancellationToken);

    public Task<InstanceSpec> UpdateInstanceAsync(InstanceSpec spec, long expectedGeneration, Operation operation, CancellationToken cancellationToken) =>
        ChangeAsync($"instance {spec.Slug}", s => QuotaRows.WithinAsync(s, spec, () => InstanceRows.UpdateAsync(s, spec, expectedGeneration, operation)), cancellationToken);

    public Task WriteStatusAsync(InstanceStatus status, Lease lease, CancellationToken cancellationToken) =>
        Database.WriteProgressAsync(s => PassRows.WriteStatusAsync(s, status, lease), cancellationToken);

    public Task RemoveInstanceAsync(string id, Lease lease, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => PassRows.RemoveAsync(s, id, lease), cancellationToken);

    public Task<IReadOnlyList<DueInstance>> ListDueAsync(string node, DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => StatusRows.ListDueAsync(s, node, now, limit), cancellationToken);

    public Task<DateTimeOffset?> NextDueAsync(string node, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => StatusRows.NextDueAsync(s, node), cancellationToken);

    public Task<IReadOnlyList<ClaimedInstance>> ClaimInstancesAsync(
        IReadOnlyList<string> ids, string holder, TimeSpan duration, CancellationToken cancellationToken) =>
        Database.WriteClaimAsync(s => PassRows.ClaimAsync(s, ids, holder, duration), cancellationToken);

    public Task FinishPassAsync(PassOutcome outcome, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => PassRows.FinishAsync(s, outcome), cancellationToken);

    public Task<bool> PutRestAsync(string instanceId, InstanceRest? rest, InstanceRest? before, long generation, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => RestRows.PutAsync(s, instanceId, rest, before, generation), cancellationToken);

    public async Task<IReadOnlyList<string>> RenewRestsAsync(IReadOnlyList<RestRenewal> renewals, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> left = [];
        await Database.WriteProgressAsync(async s => left = await RestRows.RenewAsync(s, renewals), cancellationToken);
        return left;
    }

    public Task AddWakeAsync(string instanceId, WakeRecord wake, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => RestRows.AddWakeAsync(s, instanceId, wake), cancellationToken);

    public Task<IReadOnlyList<StoredWake>> ListWakesAsync(string? instanceId, int limit, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => RestRows.ListWakesAsync(s, instanceId, limit), cancellationToken);

    public Task FinishLooksAsync(IReadOnlyList<QuietLook> looks, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => PassRows.FinishLooksAsync(s, looks), cancellationToken);

    public Task<Operation?> FindOperationAsync(string id, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => OperationRows.FindAsync(s, id), cancellationToken);

    public Task<Page<Operation>> ListOperationsAsync(string? instanceId, PageRequest page, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => OperationRows.ListAsync(s, instanceId, null, page), cancellationToken);

    public Task<Page<Operation>> ListOperationsOfAsync(IReadOnlyList<string> organizations, PageRequest page, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => OperationRows.ListAsync(s, null, organizations, page), cancellationToken);

    public Task<string?> FindOperationOrganizationAsync(string id, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => OperationRows.FindOrganizationAsync(s, id), cancellationToken);

    public Task<Operation?> FindOpenOperationAsync(string instanceId, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => OperationRows.FindOpenAsync(s, instanceId), cancellationToken);

    public Task WriteOperationAsync(Operation operation, Lease lease, CancellationToken cancellationToken) =>
        Database.WriteProgressAsync(s => PassRows.WriteOperationAsync(s, operation, lease), cancellationToken);

    public Task<Lease?> TryAcquireLeaseAsync(string key, string holder, TimeSpan duration, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => LeaseRows.TryAcquireAsync(s, key, holder, duration), cancellationToken);

    public Task<Lease?> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => LeaseRows.RenewAsync(s, lease, duration), cancellationToken);

    public Task ReleaseLeaseAsync(Lease lease, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => LeaseRows.ReleaseAsync(s, lease), cancellationToken);

    public Task<IReadOnlyList<string>> ListLeasesAsync(string keyPrefix, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => LeaseRows.ListAsync(s, keyPrefix), cancellationToken);

    public Task<int> DropLeasesAsync(string holderPrefix, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => LeaseRows.DropAsync(s, holderPrefix), cancellationToken);

    public Task<TargetRecord?> FindTargetAsync(string name, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => TargetRows.FindAsync(s, name), cancellationToken);

    public Task<IReadOnlyList<TargetRecord>> ListTargetsAsync(CancellationToken cancellationToken) =>
        Database.ReadAsync(TargetRows.ListAsync, cancellationToken);

    public Task<TargetRecord> PutTargetAsync(TargetRecord target, long expectedVersion, CancellationToken cancellationToken) =>
        ChangeAsync($"target {target.Name}", s => TargetRows.PutAsync(s, target, expectedVersion, isMoved: false), cancellationToken);

    public Task<TargetRecord> MoveTargetAsync(TargetRecord target, long expectedVersion, CancellationToken cancellationToken) =>
        ChangeAsync($"target {target.Name}", s => TargetRows.PutAsync(s, target, expectedVersion, isMoved: true), cancellationToken);

    public Task<string> SettleTargetAsync(string name, string node, bool replace, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => TargetRows.SettleAsync(s, name, node, replace), cancellationToken);

    public Task<bool> DeleteTargetAsync(string name, CancellationToken cancellationToken) =>
        ChangeAsync($"target {name}", s => TargetRows.DeleteAsync(s, name), cancellationToken);

    public Task<IReadOnlyList<SealedSecret>> PutSecretsAsync(IReadOnlyList<NewSecret> secrets, CancellationToken cancellationToken) =>
        ChangeAsync<IReadOnlyList<SealedSecret>>("", s => SecretRows.PutAsync(s, secrets), cancellationToken);

    public Task<SealedSecret> AddSecretAsync(NewSecret secret, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => SecretRows.AddAsync(s, secret), cancellationToken);

    public Task<IReadOnlyList<SealedSecret>> ListSecretsAsync(InstanceSpec spec, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => SecretRows.ListAsync(s, spec), cancellationToken);

    public Task<IReadOnlyList<SecretTurn>> ListSecretTurnsAsync(string app, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => SecretTurnRows.OfAppAsync(s, app), cancellationToken);

    public Task<IReadOnlyList<SealedSecret>> ListAppSecretsAsync(string app, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => SecretRows.ListOfAppAsync(s, app), cancellationToken);

    public Task<IReadOnlyList<SealedSecret>> ListSecretVersionsAsync(SecretPlace place, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => SecretRows.ListVersionsAsync(s, place), cancellationToken);

    public Task<SealedSecret?> RollBackSecretAsync(SecretPlace place, long version, CancellationToken cancellationToken) =>
        ChangeAsync("", s => SecretRows.RollBackAsync(s, place, version), cancellationToken);

    public Task<bool> DeleteSecretAsync(SecretPlace place, CancellationToken cancellationToken) =>
        ChangeAsync("", s => SecretRows.DeleteAsync(s, place), cancellationToken);

    public Task<IReadOnlyList<SealedSecret>> ListSecretsInFormAsync(byte form, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => SecretRows.ListSealedInFormAsync(s, form), cancellationToken);

    public Task ResealSecretAsync(SealedSecret secret, byte[] sealedValue, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => SecretRows.ReplaceValueAsync(s, secret, sealedValue), cancellationToken);

    public Task<DataKey?> FindDataKeyAsync(string holder, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => DataKeyRows.FindAsync(s, holder), cancellationToken);

    public Task<DataKey> AddDataKeyAsync(DataKey key, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => DataKeyRows.AddAsync(s, key), cancellationToken);

    public Task<IReadOnlyList<DataKey>> ListDataKeysOtherThanAsync(string engineKey, int limit, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => DataKeyRows.ListOtherThanAsync(s, engineKey, limit), cancellationToken);

    public Task<bool> RewrapDataKeyAsync(DataKey key, string before, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => DataKeyRows.RewrapAsync(s, key, before), cancellationToken);

    public Task<string?> FindEngineKeyAsync(CancellationToken cancellationToken) => Database.ReadAsync(DataKeyRows.FindEngineKeyAsync, cancellationToken);

    public Task<string> ClaimEngineKeyAsync(string mark, bool replace, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => DataKeyRows.ClaimEngineKeyAsync(s, mark, replace), cancellationToken);

    public Task<bool> ReplaceEngineKeyAsync(string before, string mark, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => DataKeyRows.ReplaceEngineKeyAsync(s, before, mark), cancellationToken);

    public Task<IPNetwork?> FindRangeAsync(string instanceId, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => RangeRows.FindAsync(s, instanceId), cancellationToken);

    public Task<IPNetwork> PeekRangeAsync(RangeWish wish, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => RangeRows.PeekAsync(s, wish), cancellationToken);

    public Task<IPNetwork> ClaimRangeAsync(string instanceId, RangeWish wish, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => RangeRows.ClaimAsync(s, instanceId, wish), cancellationToken);

    public Task<bool> ReleaseRangeAsync(string instanceId, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => RangeRows.ReleaseAsync(s, instanceId), cancellationToken);

    public Task<IReadOnlyList<TakenRange>> ListRangesAsync(CancellationToken cancellationToken) =>
        Database.ReadAsync(RangeRows.ListAsync, cancellationToken);

    public Task<IReadOnlyList<LlmKeyRecord>> ListLlmKeysAsync(string instanceId, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => LlmKeyRows.ListAsync(s, instanceId), cancellationToken);

    public Task<IReadOnlyList<LlmKeyRecord>> ListLlmKeysOfProviderAsync(string provider, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => LlmKeyRows.ListOfProviderAsync(s, provider), cancellationToken);

    public Task WriteLlmKeyAsync(LlmKey key, NewSecret? text, Lease lease, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => LlmKeyRows.WriteAsync(s, key, text, lease), cancellationToken);

    public Task RemoveLlmKeyAsync(LlmKey key, bool withText, Lease lease, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => LlmKeyRows.RemoveAsync(s, key, withText, lease), cancellationToken);

    public Task WriteLlmUsagesAsync(IReadOnlyList<LlmKeyRecord> seen, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => LlmKeyRows.WriteUsagesAsync(s, seen), cancellationToken);

    public Task<LlmProviderRecord?> FindLlmProviderAsync(string name, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => LlmProviderRows.FindAsync(s, name), cancellationToken);

    public Task<IReadOnlyList<LlmProviderRecord>> ListLlmProvidersAsync(CancellationToken cancellationToken) =>
        Database.ReadAsync(LlmProviderRows.ListAsync, cancellationToken);

    public Task<LlmProviderRecord> PutLlmProviderAsync(LlmProviderRecord provider, long expectedVersion, CancellationToken cancellationToken) =>
        ChangeAsync($"LLM provider {provider.Name}", s => LlmProviderRows.PutAsync(s, provider, expectedVersion), cancellationToken);

    public Task<bool> DeleteLlmProviderAsync(string name, CancellationToken cancellationToken) =>
        ChangeAsync($"LLM provider {name}", s => LlmProviderRows.DeleteAsync(s, name), cancellationToken);

    public Task<IReadOnlyList<ChangeEvent>> ListChangesAsync(long after, int limit, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => ChangeRows.ListAsync(s, after, limit), cancellationToken);

    public Task<long> LastChangeAsync(CancellationToken cancellationToken) => Database.ReadAsync(ChangeRows.LastAsync, cancellationToken);

    public Task PingAsync(CancellationToken cancellationToken) =>
        Database.ReadAsync(s => s.FirstAsync<long>("SELECT number FROM migrations ORDER BY number DESC LIMIT 1"), cancellationToken);

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}
