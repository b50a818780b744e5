using System.Net;
using Tenantry.Model.Apps;
using Tenantry.Model.Instances;
using Tenantry.Model.Llm;
using Tenantry.Model.Operations;
using Tenantry.Model.Tenants;
using Tenantry.Model.Wire;
using Tenantry.Server.Store.Connections;
using Tenantry.Server.Store.Rows;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Ranges;

namespace Tenantry.Server.Store;

/// <summary>The store over either database. A table of contents: each promise is kept in the file of its rows.</summary>
internal sealed class SqlStore(Database database, string owner) : IStore
{
    public string Owner { get; } = owner;

    public Task<Organization> EnsureOrganizationAsync(string name, CancellationToken cancellationToken) =>
        ChangeAsync($"organization {name}", s => TenantRows.EnsureOrganizationAsync(s, name), cancellationToken);

    public Task<bool> DeleteOrganizationAsync(string name, CancellationToken cancellationToken) =>
        ChangeAsync($"organization {name}", s => TenantRows.DeleteOrganizationAsync(s, name), cancellationToken);

    public Task<IReadOnlyList<Organization>> ListOrganizationsAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(TenantRows.ListOrganizationsAsync, cancellationToken);

    public Task<AppliedRelease> ApplyReleaseAsync(Release release, CancellationToken cancellationToken) =>
        ChangeAsync($"app {release.App}", s => AppRows.ApplyAsync(s, release), cancellationToken);

    public Task<App?> FindAppAsync(string name, CancellationToken cancellationToken) =>
        database.ReadAsync(s => AppRows.FindAsync(s, name), cancellationToken);

    public Task<Page<App>> ListAppsAsync(PageRequest page, CancellationToken cancellationToken) =>
        database.ReadAsync(s => AppRows.ListAsync(s, page), cancellationToken);

    public Task<bool> DeleteAppAsync(string name, CancellationToken cancellationToken) =>
        ChangeAsync($"app {name}", s => AppRows.DeleteAsync(s, name), cancellationToken);

    public Task<Release?> FindReleaseAsync(string id, CancellationToken cancellationToken) =>
        database.ReadAsync(s => AppRows.FindReleaseAsync(s, id), cancellationToken);

    public Task<IReadOnlyList<Release>> ListReleasesAsync(string app, CancellationToken cancellationToken) =>
        database.ReadAsync(s => AppRows.ListReleasesAsync(s, app), cancellationToken);

    public Task<bool> PutSourceAsync(string digest, Stream archive, CancellationToken cancellationToken) =>
        ChangeAsync($"source {digest}", s => SourceRows.PutAsync(s, digest, archive, cancellationToken), cancellationToken);

    public Task<bool> HasSourceAsync(string digest, CancellationToken cancellationToken) =>
        database.ReadAsync(s => SourceRows.HasAsync(s, digest), cancellationToken);

    public Task<bool> ReadSourceAsync(string digest, Stream output, CancellationToken cancellationToken) =>
        database.ReadAsync(s => SourceRows.ReadAsync(s, digest, output, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<string>> ListUsedSourcesAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(s => SourceRows.ListUsedAsync(s, null), cancellationToken);

    public Task<Tenant> CreateTenantAsync(Tenant tenant, CancellationToken cancellationToken) =>
        ChangeAsync($"tenant {tenant.Name}", s => TenantRows.CreateAsync(s, tenant), cancellationToken);

    public Task<Tenant?> FindTenantAsync(string name, CancellationToken cancellationToken) =>
        database.ReadAsync(s => TenantRows.FindAsync(s, name), cancellationToken);

    public Task<Page<Tenant>> ListTenantsAsync(PageRequest page, CancellationToken cancellationToken) =>
        database.ReadAsync(s => TenantRows.ListAsync(s, null, page), cancellationToken);

    public Task<Page<Tenant>> ListTenantsOfAsync(IReadOnlyList<string> organizations, PageRequest page, CancellationToken cancellationToken) =>
        database.ReadAsync(s => TenantRows.ListAsync(s, organizations, page), cancellationToken);

    public Task<Tenant> UpdateTenantAsync(Tenant tenant, long expectedVersion, CancellationToken cancellationToken) =>
        ChangeAsync($"tenant {tenant.Name}", s => TenantRows.UpdateAsync(s, tenant, expectedVersion), cancellationToken);

    public Task<TenantRemoval> RemoveTenantAsync(Tenant tenant, Func<InstanceSpec, Operation> deletion, CancellationToken cancellationToken) =>
        ChangeAsync(removal => removal.Changed, s => TenantRemovalRows.RemoveAsync(s, tenant, deletion), cancellationToken);

    public Task<bool> DeleteTenantAsync(string name, CancellationToken cancellationToken) =>
        ChangeAsync($"tenant {name}", s => TenantRows.DeleteAsync(s, name), cancellationToken);

    public Task CreateInstanceAsync(InstanceSpec spec, Operation operation, Tenant? newTenant, CancellationToken cancellationToken) =>
        ChangeAsync($"instance {spec.Slug}", s => QuotaRows.WithinAsync(s, spec, async () => { await InstanceRows.CreateAsync(s, spec, operation, newTenant); return true; }), cancellationToken);

    public Task<InstanceRecord?> FindInstanceAsync(string id, CancellationToken cancellationToken) =>
        database.ReadAsync(s => InstanceReads.FindAsync(s, id), cancellationToken);

    public Task<InstanceRecord?> FindInstanceBySlugAsync(string slug, CancellationToken cancellationToken) =>
        database.ReadAsync(s => InstanceReads.FindBySlugAsync(s, slug), cancellationToken);

    public Task<string?> FindSlugOfHostAsync(string host, CancellationToken cancellationToken) =>
        database.ReadAsync(s => InstanceRows.FindSlugOfHostAsync(s, host), cancellationToken);

    public Task<Page<InstanceRecord>> ListInstancesAsync(InstanceFilter filter, PageRequest page, CancellationToken cancellationToken) =>
        database.ReadAsync(s => InstanceReads.ListAsync(s, filter, page), cancellationToken);

    public Task<IReadOnlyList<InstanceCount>> CountInstancesAsync(InstanceFilter filter, CancellationToken cancellationToken) =>
        database.ReadAsync(s => InstanceReads.CountAsync(s, filter), cancellationToken);

    public Task<InstanceSpec> UpdateInstanceAsync(InstanceSpec spec, long expectedGeneration, Operation operation, CancellationToken cancellationToken) =>
        ChangeAsync($"instance {spec.Slug}", s => QuotaRows.WithinAsync(s, spec, () => InstanceRows.UpdateAsync(s, spec, expectedGeneration, operation)), cancellationToken);

    public Task WriteStatusAsync(InstanceStatus status, Lease lease, CancellationToken cancellationToken) =>
        database.WriteProgressAsync(s => PassRows.WriteStatusAsync(s, status, lease), cancellationToken);

    public Task RemoveInstanceAsync(string id, Lease lease, CancellationToken cancellationToken) =>
        database.WriteAsync(s => PassRows.RemoveAsync(s, id, lease), cancellationToken);

    public Task<IReadOnlyList<DueInstance>> ListDueAsync(string node, DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync(s => StatusRows.ListDueAsync(s, node, now, limit), cancellationToken);

    public Task<DateTimeOffset?> NextDueAsync(string node, CancellationToken cancellationToken) =>
        database.ReadAsync(s => StatusRows.NextDueAsync(s, node), cancellationToken);

    public Task<IReadOnlyList<ClaimedInstance>> ClaimInstancesAsync(
        IReadOnlyList<string> ids, string holder, TimeSpan duration, CancellationToken cancellationToken) =>
        database.WriteAsync(s => PassRows.ClaimAsync(s, ids, holder, duration), cancellationToken);

    public Task FinishPassAsync(PassOutcome outcome, CancellationToken cancellationToken) =>
        database.WriteAsync(s => PassRows.FinishAsync(s, outcome), cancellationToken);

    public Task<bool> PutRestAsync(string instanceId, InstanceRest rest, long generation, CancellationToken cancellationToken) =>
        database.WriteAsync(s => RestRows.PutAsync(s, instanceId, rest, generation), cancellationToken);

    public Task AddWakeAsync(string instanceId, WakeRecord wake, CancellationToken cancellationToken) =>
        database.WriteAsync(s => RestRows.AddWakeAsync(s, instanceId, wake), cancellationToken);

    public Task<IReadOnlyList<StoredWake>> ListWakesAsync(string? instanceId, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync(s => RestRows.ListWakesAsync(s, instanceId, limit), cancellationToken);

    public Task FinishLooksAsync(IReadOnlyList<QuietLook> looks, CancellationToken cancellationToken) =>
        database.WriteAsync(s => PassRows.FinishLooksAsync(s, looks), cancellationToken);

    public Task<Operation?> FindOperationAsync(string id, CancellationToken cancellationToken) =>
        database.ReadAsync(s => OperationRows.FindAsync(s, id), cancellationToken);

    public Task<Page<Operation>> ListOperationsAsync(string? instanceId, PageRequest page, CancellationToken cancellationToken) =>
        database.ReadAsync(s => OperationRows.ListAsync(s, instanceId, null, page), cancellationToken);

    public Task<Page<Operation>> ListOperationsOfAsync(IReadOnlyList<string> organizations, PageRequest page, CancellationToken cancellationToken) =>
        database.ReadAsync(s => OperationRows.ListAsync(s, null, organizations, page), cancellationToken);

    public Task<string?> FindOperationOrganizationAsync(string id, CancellationToken cancellationToken) =>
        database.ReadAsync(s => OperationRows.FindOrganizationAsync(s, id), cancellationToken);

    public Task<Operation?> FindOpenOperationAsync(string instanceId, CancellationToken cancellationToken) =>
        database.ReadAsync(s => OperationRows.FindOpenAsync(s, instanceId), cancellationToken);

    public Task WriteOperationAsync(Operation operation, Lease lease, CancellationToken cancellationToken) =>
        database.WriteProgressAsync(s => PassRows.WriteOperationAsync(s, operation, lease), cancellationToken);

    public Task<Lease?> TryAcquireLeaseAsync(string key, string holder, TimeSpan duration, CancellationToken cancellationToken) =>
        database.WriteAsync(s => LeaseRows.TryAcquireAsync(s, key, holder, duration), cancellationToken);

    public Task<Lease?> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken) =>
        database.WriteAsync(s => LeaseRows.RenewAsync(s, lease, duration), cancellationToken);

    public Task ReleaseLeaseAsync(Lease lease, CancellationToken cancellationToken) =>
        database.WriteAsync(s => LeaseRows.ReleaseAsync(s, lease), cancellationToken);

    public Task<IReadOnlyList<string>> ListLeasesAsync(string keyPrefix, CancellationToken cancellationToken) =>
        database.ReadAsync(s => LeaseRows.ListAsync(s, keyPrefix), cancellationToken);

    public Task<int> DropLeasesAsync(string holderPrefix, CancellationToken cancellationToken) =>
        database.WriteAsync(s => LeaseRows.DropAsync(s, holderPrefix), cancellationToken);

    public Task<TargetRecord?> FindTargetAsync(string name, CancellationToken cancellationToken) =>
        database.ReadAsync(s => TargetRows.FindAsync(s, name), cancellationToken);

    public Task<IReadOnlyList<TargetRecord>> ListTargetsAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(TargetRows.ListAsync, cancellationToken);

    public Task<TargetRecord> PutTargetAsync(TargetRecord target, long expectedVersion, CancellationToken cancellationToken) =>
        ChangeAsync($"target {target.Name}", s => TargetRows.PutAsync(s, target, expectedVersion, isMoved: false), cancellationToken);

    public Task<TargetRecord> MoveTargetAsync(TargetRecord target, long expectedVersion, CancellationToken cancellationToken) =>
        ChangeAsync($"target {target.Name}", s => TargetRows.PutAsync(s, target, expectedVersion, isMoved: true), cancellationToken);

    public Task<string> SettleTargetAsync(string name, string node, bool replace, CancellationToken cancellationToken) =>
        database.WriteAsync(s => TargetRows.SettleAsync(s, name, node, replace), cancellationToken);

    public Task<bool> DeleteTargetAsync(string name, CancellationToken cancellationToken) =>
        ChangeAsync($"target {name}", s => TargetRows.DeleteAsync(s, name), cancellationToken);

    public Task<IReadOnlyList<SealedSecret>> PutSecretsAsync(IReadOnlyList<NewSecret> secrets, CancellationToken cancellationToken) =>
        ChangeAsync<IReadOnlyList<SealedSecret>>("", s => SecretRows.PutAsync(s, secrets), cancellationToken);

    public Task<SealedSecret> AddSecretAsync(NewSecret secret, CancellationToken cancellationToken) =>
        database.WriteAsync(s => SecretRows.AddAsync(s, secret), cancellationToken);

    public Task<IReadOnlyList<SealedSecret>> ListSecretsAsync(InstanceSpec spec, CancellationToken cancellationToken) =>
        database.ReadAsync(s => SecretRows.ListAsync(s, spec), cancellationToken);

    public Task<IReadOnlyList<SecretTurn>> ListSecretTurnsAsync(string app, CancellationToken cancellationToken) =>
        database.ReadAsync(s => SecretTurnRows.OfAppAsync(s, app), cancellationToken);

    public Task<IReadOnlyList<SealedSecret>> ListAppSecretsAsync(string app, CancellationToken cancellationToken) =>
        database.ReadAsync(s => SecretRows.ListOfAppAsync(s, app), cancellationToken);

    public Task<IReadOnlyList<SealedSecret>> ListSecretVersionsAsync(SecretPlace place, CancellationToken cancellationToken) =>
        database.ReadAsync(s => SecretRows.ListVersionsAsync(s, place), cancellationToken);

    public Task<SealedSecret?> RollBackSecretAsync(SecretPlace place, long version, CancellationToken cancellationToken) =>
        ChangeAsync("", s => SecretRows.RollBackAsync(s, place, version), cancellationToken);

    public Task<bool> DeleteSecretAsync(SecretPlace place, CancellationToken cancellationToken) =>
        ChangeAsync("", s => SecretRows.DeleteAsync(s, place), cancellationToken);

    public Task<IReadOnlyList<SealedSecret>> ListSecretsInFormAsync(byte form, CancellationToken cancellationToken) =>
        database.ReadAsync(s => SecretRows.ListSealedInFormAsync(s, form), cancellationToken);

    public Task ResealSecretAsync(SealedSecret secret, byte[] sealedValue, CancellationToken cancellationToken) =>
        database.WriteAsync(s => SecretRows.ReplaceValueAsync(s, secret, sealedValue), cancellationToken);

    public Task<DataKey?> FindDataKeyAsync(string holder, CancellationToken cancellationToken) =>
        database.ReadAsync(s => DataKeyRows.FindAsync(s, holder), cancellationToken);

    public Task<DataKey> AddDataKeyAsync(DataKey key, CancellationToken cancellationToken) =>
        database.WriteAsync(s => DataKeyRows.AddAsync(s, key), cancellationToken);

    public Task<IReadOnlyList<DataKey>> ListDataKeysOtherThanAsync(string engineKey, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync(s => DataKeyRows.ListOtherThanAsync(s, engineKey, limit), cancellationToken);

    public Task<bool> RewrapDataKeyAsync(DataKey key, string before, CancellationToken cancellationToken) =>
        database.WriteAsync(s => DataKeyRows.RewrapAsync(s, key, before), cancellationToken);

    public Task<string?> FindEngineKeyAsync(CancellationToken cancellationToken) => database.ReadAsync(DataKeyRows.FindEngineKeyAsync, cancellationToken);

    public Task<string> ClaimEngineKeyAsync(string mark, bool replace, CancellationToken cancellationToken) =>
        database.WriteAsync(s => DataKeyRows.ClaimEngineKeyAsync(s, mark, replace), cancellationToken);

    public Task<bool> ReplaceEngineKeyAsync(string before, string mark, CancellationToken cancellationToken) =>
        database.WriteAsync(s => DataKeyRows.ReplaceEngineKeyAsync(s, before, mark), cancellationToken);

    public Task<IPNetwork?> FindRangeAsync(string instanceId, CancellationToken cancellationToken) =>
        database.ReadAsync(s => RangeRows.FindAsync(s, instanceId), cancellationToken);

    public Task<IPNetwork> PeekRangeAsync(RangeWish wish, CancellationToken cancellationToken) =>
        database.ReadAsync(s => RangeRows.PeekAsync(s, wish), cancellationToken);

    public Task<IPNetwork> ClaimRangeAsync(string instanceId, RangeWish wish, CancellationToken cancellationToken) =>
        database.WriteAsync(s => RangeRows.ClaimAsync(s, instanceId, wish), cancellationToken);

    public Task<bool> ReleaseRangeAsync(string instanceId, CancellationToken cancellationToken) =>
        database.WriteAsync(s => RangeRows.ReleaseAsync(s, instanceId), cancellationToken);

    public Task<IReadOnlyList<TakenRange>> ListRangesAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(RangeRows.ListAsync, cancellationToken);

    public Task<IReadOnlyList<LlmKeyRecord>> ListLlmKeysAsync(string instanceId, CancellationToken cancellationToken) =>
        database.ReadAsync(s => LlmKeyRows.ListAsync(s, instanceId), cancellationToken);

    public Task<IReadOnlyList<LlmKeyRecord>> ListLlmKeysOfProviderAsync(string provider, CancellationToken cancellationToken) =>
        database.ReadAsync(s => LlmKeyRows.ListOfProviderAsync(s, provider), cancellationToken);

    public Task WriteLlmKeyAsync(LlmKey key, NewSecret? text, Lease lease, CancellationToken cancellationToken) =>
        database.WriteAsync(s => LlmKeyRows.WriteAsync(s, key, text, lease), cancellationToken);

    public Task RemoveLlmKeyAsync(LlmKey key, bool withText, Lease lease, CancellationToken cancellationToken) =>
        database.WriteAsync(s => LlmKeyRows.RemoveAsync(s, key, withText, lease), cancellationToken);

    public Task WriteLlmUsagesAsync(IReadOnlyList<LlmKeyRecord> seen, CancellationToken cancellationToken) =>
        database.WriteAsync(s => LlmKeyRows.WriteUsagesAsync(s, seen), cancellationToken);

    public Task<LlmProviderRecord?> FindLlmProviderAsync(string name, CancellationToken cancellationToken) =>
        database.ReadAsync(s => LlmProviderRows.FindAsync(s, name), cancellationToken);

    public Task<IReadOnlyList<LlmProviderRecord>> ListLlmProvidersAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(LlmProviderRows.ListAsync, cancellationToken);

    public Task<LlmProviderRecord> PutLlmProviderAsync(LlmProviderRecord provider, long expectedVersion, CancellationToken cancellationToken) =>
        ChangeAsync($"LLM provider {provider.Name}", s => LlmProviderRows.PutAsync(s, provider, expectedVersion), cancellationToken);

    public Task<bool> DeleteLlmProviderAsync(string name, CancellationToken cancellationToken) =>
        ChangeAsync($"LLM provider {name}", s => LlmProviderRows.DeleteAsync(s, name), cancellationToken);

    public Task AddTokenAsync(ApiToken token, CancellationToken cancellationToken) =>
        ChangeAsync($"token {token.Name}", async s => { await TokenRows.AddAsync(s, token); return true; }, cancellationToken);

    public Task<ApiToken?> FindTokenAsync(string hash, CancellationToken cancellationToken) =>
        database.ReadAsync(s => TokenRows.FindAsync(s, hash), cancellationToken);

    public Task UseTokenAsync(string hash, DateTimeOffset at, CancellationToken cancellationToken) =>
        database.WriteAsync(s => TokenRows.UseAsync(s, hash, at), cancellationToken);

    public Task<IReadOnlyList<ApiToken>> ListTokensAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(TokenRows.ListAsync, cancellationToken);

    public Task<bool> DeleteTokenAsync(string name, CancellationToken cancellationToken) =>
        ChangeAsync($"token {name}", s => TokenRows.DeleteAsync(s, name), cancellationToken);

    public Task<Person> AddPersonAsync(Person person, CancellationToken cancellationToken) =>
        ChangeAsync($"person {person.Email}", s => PersonRows.AddAsync(s, person), cancellationToken);

    public Task<Person?> FindPersonAsync(string email, CancellationToken cancellationToken) =>
        database.ReadAsync(s => PersonRows.FindAsync(s, email), cancellationToken);

    public Task<Person?> FindPersonOfAsync(string issuer, string subject, CancellationToken cancellationToken) =>
        database.ReadAsync(s => PersonRows.FindOfAsync(s, issuer, subject), cancellationToken);

    public Task<Page<Person>> ListPeopleAsync(PageRequest page, CancellationToken cancellationToken) =>
        database.ReadAsync(s => PersonRows.ListAsync(s, page), cancellationToken);

    public Task<Person> UpdatePersonAsync(Person person, long expectedVersion, CancellationToken cancellationToken) =>
        ChangeAsync($"person {person.Email}", s => PersonRows.UpdateAsync(s, person, expectedVersion), cancellationToken);

    public Task<bool> DeletePersonAsync(string email, CancellationToken cancellationToken) =>
        ChangeAsync($"person {email}", s => PersonRows.DeleteAsync(s, email), cancellationToken);

    public Task PutMemberAsync(Membership member, Person newPerson, CancellationToken cancellationToken) =>
        ChangeAsync($"member {member.Email} of {member.Organization}", async s => { await PersonRows.PutMemberAsync(s, member, newPerson); return true; }, cancellationToken);

    public Task<bool> DeleteMemberAsync(string organization, string email, CancellationToken cancellationToken) =>
        ChangeAsync($"member {email} of {organization}", s => PersonRows.DeleteMemberAsync(s, organization, email), cancellationToken);

    public Task<IReadOnlyList<Membership>> ListMembersAsync(string? organization, string? email, CancellationToken cancellationToken) =>
        database.ReadAsync(s => PersonRows.ListMembersAsync(s, organization, email), cancellationToken);

    public Task PutInvitationAsync(Invitation invitation, int most, CancellationToken cancellationToken) =>
        ChangeAsync($"member {invitation.Email} of {invitation.Organization}", async s => { await InvitationRows.PutAsync(s, invitation, most); return true; }, cancellationToken);

    public Task<IReadOnlyList<Invitation>> ListInvitationsAsync(string? organization, string? email, CancellationToken cancellationToken) =>
        database.ReadAsync(s => InvitationRows.ListAsync(s, organization, email), cancellationToken);

    public Task<Membership?> AcceptInvitationAsync(string organization, string email, CancellationToken cancellationToken) =>
        ChangeAsync($"member {email} of {organization}", s => InvitationRows.AcceptAsync(s, organization, email), cancellationToken);

    public Task<bool> DeleteInvitationAsync(string organization, string email, CancellationToken cancellationToken) =>
        ChangeAsync($"member {email} of {organization}", s => InvitationRows.DeleteAsync(s, organization, email), cancellationToken);

    public Task AddPasskeyAsync(Passkey passkey, int most, CancellationToken cancellationToken) =>
        ChangeAsync($"person {passkey.Email}", async s => { await PasskeyRows.AddAsync(s, passkey, most); return true; }, cancellationToken);

    public Task<IReadOnlyList<Passkey>> ListPasskeysAsync(string email, CancellationToken cancellationToken) =>
        database.ReadAsync(s => PasskeyRows.ListAsync(s, email), cancellationToken);

    public Task<string?> FindPasskeyOwnerAsync(string handle, CancellationToken cancellationToken) =>
        database.ReadAsync(s => PasskeyRows.FindOwnerAsync(s, handle), cancellationToken);

    public Task UsePasskeyAsync(string id, long signCount, bool isBackedUp, DateTimeOffset at, CancellationToken cancellationToken) =>
        database.WriteAsync(s => PasskeyRows.UseAsync(s, id, signCount, isBackedUp, at), cancellationToken);

    public Task<bool> DeletePasskeyAsync(string email, string id, CancellationToken cancellationToken) =>
        ChangeAsync($"person {email}", s => PasskeyRows.DeleteAsync(s, email, id), cancellationToken);

    public async Task AddPasskeyHandshakeAsync(string hash, string state, DateTimeOffset expiresAt, CancellationToken cancellationToken) =>
        await database.WriteAsync(async s => { await PasskeyRows.AddHandshakeAsync(s, hash, state, expiresAt); return true; }, cancellationToken);

    public Task<string?> TakePasskeyHandshakeAsync(string hash, CancellationToken cancellationToken) =>
        database.WriteAsync(s => PasskeyRows.TakeHandshakeAsync(s, hash), cancellationToken);

    public Task AddSessionAsync(PersonSession session, CancellationToken cancellationToken) =>
        database.WriteAsync(s => SessionRows.AddAsync(s, session), cancellationToken);

    public Task<SessionOfPerson?> FindSessionAsync(string hash, CancellationToken cancellationToken) =>
        database.ReadAsync(s => SessionRows.FindAsync(s, hash), cancellationToken);

    public Task UseSessionAsync(string hash, DateTimeOffset at, CancellationToken cancellationToken) =>
        database.WriteAsync(s => SessionRows.UseAsync(s, hash, at), cancellationToken);

    public Task<bool> DeleteSessionAsync(string hash, CancellationToken cancellationToken) =>
        database.WriteAsync(s => SessionRows.DeleteAsync(s, hash), cancellationToken);

    public Task<int> DeleteSessionsOfAsync(string issuer, string? providerSession, string? subject, CancellationToken cancellationToken) =>
        database.WriteAsync(s => SessionRows.DeleteOfAsync(s, issuer, providerSession, subject), cancellationToken);

    public Task AddSignInLinkAsync(string hash, string email, DateTimeOffset expiresAt, CancellationToken cancellationToken) =>
        database.WriteAsync(s => SessionRows.AddLinkAsync(s, hash, email, expiresAt), cancellationToken);

    public Task<string?> FindSignInLinkAsync(string hash, CancellationToken cancellationToken) =>
        database.ReadAsync(s => SessionRows.FindLinkAsync(s, hash), cancellationToken);

    public Task<string?> TakeSignInLinkAsync(string hash, CancellationToken cancellationToken) =>
        database.WriteAsync(s => SessionRows.TakeLinkAsync(s, hash), cancellationToken);

    public Task<IReadOnlyList<QuotaResponse>> ListQuotasAsync(string organization, CancellationToken cancellationToken) =>
        database.ReadAsync(s => QuotaRows.ListAsync(s, organization), cancellationToken);

    public Task PutQuotaAsync(string organization, string? tier, QuotaLimits limits, CancellationToken cancellationToken) =>
        ChangeAsync($"quota of {organization}", async s => { await QuotaRows.PutAsync(s, organization, tier, limits); return true; }, cancellationToken);

    public Task CheckQuotaAsync(InstanceSpec? present, InstanceSpec wanted, bool isWoken, CancellationToken cancellationToken) =>
        database.ReadAsync(async s => { await QuotaRows.CheckAsync(s, present, wanted, isWoken); return true; }, cancellationToken);

    public async Task<bool> ClaimWakeAsync(string instanceId, CancellationToken cancellationToken)
    {
        // Where no quota says anything, a wake costs no write.
        if (!await database.ReadAsync(s => QuotaRows.IsCountedAsync(s, instanceId), cancellationToken))
            return true;
        return await database.WriteAsync(s => QuotaRows.ClaimWakeAsync(s, instanceId), cancellationToken);
    }

    public async Task ReleaseWakeAsync(string instanceId, CancellationToken cancellationToken)
    {
        if (await database.ReadAsync(s => QuotaRows.IsClaimedAsync(s, instanceId), cancellationToken))
            await database.WriteAsync(s => QuotaRows.ReleaseWakeAsync(s, instanceId), cancellationToken);
    }

    public Task<IdempotentAnswer?> FindAnswerAsync(string key, CancellationToken cancellationToken) =>
        database.ReadAsync(s => AnswerRows.FindAsync(s, key), cancellationToken);

    public Task SaveAnswerAsync(IdempotentAnswer answer, CancellationToken cancellationToken) =>
        database.WriteAsync(s => AnswerRows.SaveAsync(s, answer), cancellationToken);

    public Task AppendAuditAsync(AuditEntry entry, CancellationToken cancellationToken) =>
        database.WriteAsync(s => AuditRows.AppendAsync(s, entry), cancellationToken);

    public Task<Page<AuditRow>> ListAuditAsync(PageRequest page, CancellationToken cancellationToken) =>
        FindAuditAsync(new AuditFilter(), page, cancellationToken);

    public Task<Page<AuditRow>> FindAuditAsync(AuditFilter filter, PageRequest page, CancellationToken cancellationToken) =>
        database.ReadAsync(s => AuditRows.ListAsync(s, filter, page), cancellationToken);

    public Task<IReadOnlyList<AuditRow>> ReadAuditAsync(long after, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync(s => AuditRows.ReadAsync(s, after, long.MaxValue, limit), cancellationToken);

    public Task<AuditHead> ReadAuditHeadAsync(CancellationToken cancellationToken) => database.ReadAsync(AuditRows.HeadAsync, cancellationToken);

    public Task<string?> VerifyAuditAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(AuditRows.VerifyAsync, cancellationToken);

    public Task<IReadOnlyList<ChangeEvent>> ListChangesAsync(long after, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync(s => ChangeRows.ListAsync(s, after, limit), cancellationToken);

    public Task<long> LastChangeAsync(CancellationToken cancellationToken) => database.ReadAsync(ChangeRows.LastAsync, cancellationToken);

    public Task PingAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(s => s.FirstAsync<long>("SELECT number FROM migrations ORDER BY number DESC LIMIT 1"), cancellationToken);

    public ValueTask DisposeAsync() => database.DisposeAsync();

    // What changes nothing, and says so by false or null, leaves no row.
    private Task<T> ChangeAsync<T>(string subject, Func<Session, Task<T>> work, CancellationToken cancellationToken) =>
        ChangeAsync(done => done is null or false ? [] : [subject], work, cancellationToken);

    private async Task<T> ChangeAsync<T>(Func<T, IReadOnlyList<string>> subjects, Func<Session, Task<T>> work, CancellationToken cancellationToken)
    {
        if (AuditTrail.Current is not { } trail)
            return await database.WriteAsync(work, cancellationToken);
        var (result, isAudited) = await database.WriteAsync(
            async session =>
            {
                var done = await work(session);
                var changed = subjects(done);
                foreach (var subject in changed)
                    await AuditRows.AppendAsync(session, trail.RowFor(subject));
                return (done, changed.Count > 0);
            },
            cancellationToken);
        if (isAudited)
            trail.Committed();
        return result;
    }
}
