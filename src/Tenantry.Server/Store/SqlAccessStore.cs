using Tenantry.Model.Instances;
using Tenantry.Model.Tenants;
using Tenantry.Model.Wire;
using Tenantry.Server.Store.Connections;
using Tenantry.Server.Store.Rows;

namespace Tenantry.Server.Store;

/// <summary>The part of the store that says who may do what and how much, and what was done: tokens, people with their invitations and passkeys, quotas, answers, the audit.</summary>
internal abstract class SqlAccessStore(Database database) : IAccessStore, IPeopleStore, IInvitationStore, IPasskeyStore, IQuotaStore
{
    protected Database Database { get; } = database;

    public Task AddTokenAsync(ApiToken token, CancellationToken cancellationToken) =>
        ChangeAsync($"token {token.Name}", async s => { await TokenRows.AddAsync(s, token); return true; }, cancellationToken);

    public Task<ApiToken?> FindTokenAsync(string hash, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => TokenRows.FindAsync(s, hash), cancellationToken);

    public Task UseTokenAsync(string hash, DateTimeOffset at, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => TokenRows.UseAsync(s, hash, at), cancellationToken);

    public Task<IReadOnlyList<ApiToken>> ListTokensAsync(CancellationToken cancellationToken) =>
        Database.ReadAsync(TokenRows.ListAsync, cancellationToken);

    public Task<bool> DeleteTokenAsync(string name, CancellationToken cancellationToken) =>
        ChangeAsync($"token {name}", s => TokenRows.DeleteAsync(s, name), cancellationToken);

    public Task<Person> AddPersonAsync(Person person, CancellationToken cancellationToken) =>
        ChangeAsync($"person {person.Email}", s => PersonRows.AddAsync(s, person), cancellationToken);

    public Task<Person?> FindPersonAsync(string email, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => PersonRows.FindAsync(s, email), cancellationToken);

    public Task<Person?> FindPersonOfAsync(string issuer, string subject, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => PersonRows.FindOfAsync(s, issuer, subject), cancellationToken);

    public Task<Page<Person>> ListPeopleAsync(PageRequest page, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => PersonRows.ListAsync(s, page), cancellationToken);

    public Task<Person> UpdatePersonAsync(Person person, long expectedVersion, bool removesPasskeys, CancellationToken cancellationToken) =>
        ChangeAsync($"person {person.Email}", s => PersonRows.UpdateAsync(s, person, expectedVersion, removesPasskeys), cancellationToken);

    public Task<bool> DeletePersonAsync(string email, CancellationToken cancellationToken) =>
        ChangeAsync($"person {email}", s => PersonRows.DeleteAsync(s, email), cancellationToken);

    public Task PutMemberAsync(Membership member, Person newPerson, bool keepsOwner, CancellationToken cancellationToken) =>
        ChangeAsync($"member {member.Email} of {member.Organization}", async s => { await PersonRows.PutMemberAsync(s, member, newPerson, keepsOwner); return true; }, cancellationToken);

    public Task<bool> DeleteMemberAsync(string organization, string email, bool keepsOwner, CancellationToken cancellationToken) =>
        ChangeAsync($"member {email} of {organization}", s => PersonRows.DeleteMemberAsync(s, organization, email, keepsOwner), cancellationToken);

    public Task<IReadOnlyList<Membership>> ListMembersAsync(string? organization, string? email, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => PersonRows.ListMembersAsync(s, organization, email), cancellationToken);

    public Task PutInvitationAsync(Invitation invitation, int most, CancellationToken cancellationToken) =>
        ChangeAsync($"member {invitation.Email} of {invitation.Organization}", async s => { await InvitationRows.PutAsync(s, invitation, most); return true; }, cancellationToken);

    public Task<IReadOnlyList<Invitation>> ListInvitationsAsync(string? organization, string? email, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => InvitationRows.ListAsync(s, organization, email), cancellationToken);

    public Task<Membership?> AcceptInvitationAsync(string organization, string email, CancellationToken cancellationToken) =>
        ChangeAsync($"member {email} of {organization}", s => InvitationRows.AcceptAsync(s, organization, email), cancellationToken);

    public Task<bool> DeleteInvitationAsync(string organization, string email, CancellationToken cancellationToken) =>
        ChangeAsync($"member {email} of {organization}", s => InvitationRows.DeleteAsync(s, organization, email), cancellationToken);

    public Task AddPasskeyAsync(Passkey passkey, int most, CancellationToken cancellationToken) =>
        ChangeAsync($"person {passkey.Email}", async s => { await PasskeyRows.AddAsync(s, passkey, most); return true; }, cancellationToken);

    public Task<IReadOnlyList<Passkey>> ListPasskeysAsync(string email, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => PasskeyRows.ListAsync(s, email), cancellationToken);

    public Task<string?> FindPasskeyOwnerAsync(string handle, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => PasskeyRows.FindOwnerAsync(s, handle), cancellationToken);

    public Task UsePasskeyAsync(string id, long signCount, bool isBackedUp, DateTimeOffset at, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => PasskeyRows.UseAsync(s, id, signCount, isBackedUp, at), cancellationToken);

    public Task<bool> DeletePasskeyAsync(string email, string id, string keptSession, CancellationToken cancellationToken) =>
        ChangeAsync($"person {email}", s => PasskeyRows.DeleteAsync(s, email, id, keptSession), cancellationToken);

    public async Task AddPasskeyHandshakeAsync(string hash, string purpose, string state, bool isOnly, DateTimeOffset expiresAt, CancellationToken cancellationToken) =>
        await Database.WriteAsync(async s => { await PasskeyRows.AddHandshakeAsync(s, hash, purpose, state, isOnly, expiresAt); return true; }, cancellationToken);

    public Task<string?> TakePasskeyHandshakeAsync(string hash, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => PasskeyRows.TakeHandshakeAsync(s, hash), cancellationToken);

    public Task AddSessionAsync(PersonSession session, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => SessionRows.AddAsync(s, session), cancellationToken);

    public Task<SessionOfPerson?> FindSessionAsync(string hash, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => SessionRows.FindAsync(s, hash), cancellationToken);

    public Task UseSessionAsync(string hash, DateTimeOffset at, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => SessionRows.UseAsync(s, hash, at), cancellationToken);

    public Task<bool> DeleteSessionAsync(string hash, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => SessionRows.DeleteAsync(s, hash), cancellationToken);

    public Task<int> DeleteSessionsOfAsync(string issuer, string? providerSession, string? subject, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => SessionRows.DeleteOfAsync(s, issuer, providerSession, subject), cancellationToken);

    public Task AddSignInLinkAsync(string hash, string email, DateTimeOffset expiresAt, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => SessionRows.AddLinkAsync(s, hash, email, expiresAt), cancellationToken);

    public Task<string?> FindSignInLinkAsync(string hash, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => SessionRows.FindLinkAsync(s, hash), cancellationToken);

    public Task<string?> TakeSignInLinkAsync(string hash, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => SessionRows.TakeLinkAsync(s, hash), cancellationToken);

    public Task<IReadOnlyList<QuotaResponse>> ListQuotasAsync(string organization, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => QuotaRows.ListAsync(s, organization), cancellationToken);

    public Task PutQuotaAsync(string organization, string? tier, QuotaLimits limits, CancellationToken cancellationToken) =>
        ChangeAsync($"quota of {organization}", async s => { await QuotaRows.PutAsync(s, organization, tier, limits); return true; }, cancellationToken);

    public Task CheckQuotaAsync(InstanceSpec? present, InstanceSpec wanted, bool isWoken, CancellationToken cancellationToken) =>
        Database.ReadAsync(async s => { await QuotaRows.CheckAsync(s, present, wanted, isWoken); return true; }, cancellationToken);

    public async Task<bool> ClaimWakeAsync(string instanceId, CancellationToken cancellationToken)
    {
        // Where no quota says anything, a wake costs no write.
        if (!await Database.ReadAsync(s => QuotaRows.IsCountedAsync(s, instanceId), cancellationToken))
            return true;
        return await Database.WriteClaimAsync(s => QuotaRows.ClaimWakeAsync(s, instanceId), cancellationToken);
    }

    public Task<bool> PutWakeAsync(string instanceId, InstanceRest rest, InstanceRest? before, long generation, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => QuotaRows.WithinAsync(s, instanceId, () => RestRows.PutAsync(s, instanceId, rest, before, generation)), cancellationToken);

    public async Task ReleaseWakeAsync(string instanceId, CancellationToken cancellationToken)
    {
        if (await Database.ReadAsync(s => QuotaRows.IsClaimedAsync(s, instanceId), cancellationToken))
            await Database.WriteAsync(s => QuotaRows.ReleaseWakeAsync(s, instanceId), cancellationToken);
    }

    public Task<IdempotentAnswer?> FindAnswerAsync(string key, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => AnswerRows.FindAsync(s, key), cancellationToken);

    public Task SaveAnswerAsync(IdempotentAnswer answer, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => AnswerRows.SaveAsync(s, answer), cancellationToken);

    public Task AppendAuditAsync(AuditEntry entry, CancellationToken cancellationToken) =>
        Database.WriteAsync(s => AuditRows.AppendAsync(s, entry), cancellationToken);

    public Task<Page<AuditRow>> ListAuditAsync(PageRequest page, CancellationToken cancellationToken) =>
        FindAuditAsync(new AuditFilter(), page, cancellationToken);

    public Task<Page<AuditRow>> FindAuditAsync(AuditFilter filter, PageRequest page, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => AuditRows.ListAsync(s, filter, page), cancellationToken);

    public Task<IReadOnlyList<AuditRow>> ReadAuditAsync(long after, int limit, CancellationToken cancellationToken) =>
        Database.ReadAsync(s => AuditRows.ReadAsync(s, after, long.MaxValue, limit), cancellationToken);

    public Task<AuditHead> ReadAuditHeadAsync(CancellationToken cancellationToken) => Database.ReadAsync(AuditRows.HeadAsync, cancellationToken);

    public Task<string?> VerifyAuditAsync(CancellationToken cancellationToken) =>
        Database.ReadAsync(AuditRows.VerifyAsync, cancellationToken);

    // What changes nothing, and says so by false or null, leaves no row.
    protected Task<T> ChangeAsync<T>(string subject, Func<Session, Task<T>> work, CancellationToken cancellationToken) =>
        ChangeAsync(done => done is null or false ? [] : [subject], work, cancellationToken);

    protected async Task<T> ChangeAsync<T>(Func<T, IReadOnlyList<string>> subjects, Func<Session, Task<T>> work, CancellationToken cancellationToken)
    {
        if (AuditTrail.Current is not { } trail)
            return await Database.WriteAsync(work, cancellationToken);
        var (result, isAudited) = await Database.WriteAsync(
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
