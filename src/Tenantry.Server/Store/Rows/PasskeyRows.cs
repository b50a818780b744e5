using Tenantry.Server.Access;
using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

internal static class PasskeyRows
{
    private const string Columns = "id, email, handle, name, public_key, sign_count, transports, backup_eligible, backed_up, created_at, used_at";

    public static async Task AddAsync(Session session, Passkey added, int most)
    {
        if (await session.FirstAsync<string>($"SELECT email FROM people WHERE email = @Email{session.Dialect.ForUpdate}", new { added.Email }) is null)
            throw new StoreConflictException($"The person '{added.Email}' was removed meanwhile.");
        if (await session.FirstAsync<string>("SELECT id FROM passkeys WHERE id = @Id", new { added.Id }) is not null)
            throw new StoreConflictException("This passkey is known already.");
        if (await session.FirstAsync<long>("SELECT COUNT(*) FROM passkeys WHERE email = @Email", new { added.Email }) >= most)
            throw new StoreConflictException($"There are {most} passkeys already. Remove one that is not used any more.");
        await session.ExecuteAsync(
            $"INSERT INTO passkeys ({Columns}) VALUES (@Id, @Email, @Handle, @Name, @PublicKey, @SignCount, @transports, @eligible, @backedUp, @createdAt, NULL)",
            new
            {
                added.Id,
                added.Email,
                added.Handle,
                added.Name,
                added.PublicKey,
                added.SignCount,
                transports = string.Join(' ', added.Transports),
                eligible = added.IsBackupEligible ? 1L : 0L,
                backedUp = added.IsBackedUp ? 1L : 0L,
                createdAt = StoreTime.ToMicros(added.CreatedAt),
            });
    }

    public static async Task<IReadOnlyList<Passkey>> ListAsync(Session session, string email) =>
        [.. (await session.ListAsync<Row>($"SELECT {Columns} FROM passkeys WHERE email = @email ORDER BY created_at, id", new { email })).Select(row => row.ToPasskey())];

    public static Task<string?> FindOwnerAsync(Session session, string handle) => session.FirstAsync<string>("SELECT email FROM passkeys WHERE handle = @handle LIMIT 1", new { handle });

    public static Task<int> UseAsync(Session session, string id, long signCount, bool isBackedUp, DateTimeOffset at) => session.ExecuteAsync(
        "UPDATE passkeys SET sign_count = @signCount, backed_up = @backedUp, used_at = @at WHERE id = @id", new { id, signCount, backedUp = isBackedUp ? 1L : 0L, at = StoreTime.ToMicros(at) });

    /// <summary>With the sessions that passkeys of the person began; the one of who asks stays.</summary>
    public static async Task<bool> DeleteAsync(Session session, string email, string id, string keptSession)
    {
        if (await session.ExecuteAsync("DELETE FROM passkeys WHERE email = @email AND id = @id", new { email, id }) == 0)
            return false;
        await EndSessionsAsync(session, email, keptSession);
        return true;
    }

    public static async Task DeleteAllAsync(Session session, string email)
    {
        await session.ExecuteAsync("DELETE FROM passkeys WHERE email = @email", new { email });
        await EndSessionsAsync(session, email, "");
    }

    /// <param name="session">The transaction.</param>
    /// <param name="hash">Of what the browser keeps.</param>
    /// <param name="purpose">What it is asked for.</param>
    /// <param name="state">What was asked.</param>
    /// <param name="isOnly">Another of that purpose is of no use from now on.</param>
    /// <param name="expiresAt">Until when it can be answered.</param>
    public static async Task AddHandshakeAsync(Session session, string hash, string purpose, string state, bool isOnly, DateTimeOffset expiresAt)
    {
        var beginning = purpose + '\n';
        await session.ExecuteAsync("DELETE FROM passkey_handshakes WHERE expires_at <= @NowMicros", new { session.NowMicros });
        if (isOnly)
            await session.ExecuteAsync("DELETE FROM passkey_handshakes WHERE substr(state, 1, @length) = @beginning", new { beginning, length = beginning.Length });
        state = beginning + state;
        await session.ExecuteAsync("INSERT INTO passkey_handshakes (hash, state, expires_at) VALUES (@hash, @state, @at)", new { hash, state, at = StoreTime.ToMicros(expiresAt) });
    }

    public static Task<string?> TakeHandshakeAsync(Session session, string hash) => session.FirstAsync<string>(
        "DELETE FROM passkey_handshakes WHERE hash = @hash AND expires_at > @NowMicros RETURNING state", new { hash, session.NowMicros });

    private static Task<int> EndSessionsAsync(Session session, string email, string kept) =>
        session.ExecuteAsync($"DELETE FROM sessions WHERE email = @email AND method = '{nameof(SignInMethod.Passkey)}' AND hash <> @kept", new { email, kept });

    private sealed record Row
    {
        public string Id { get; init; } = "";
        public string Email { get; init; } = "";
        public string Handle { get; init; } = "";
        public string Name { get; init; } = "";
        public string PublicKey { get; init; } = "";
        public long SignCount { get; init; }
        public string Transports { get; init; } = "";
        public long BackupEligible { get; init; }
        public long BackedUp { get; init; }
        public long CreatedAt { get; init; }
        public long? UsedAt { get; init; }

        public Passkey ToPasskey() => new(
            Id,
            Email,
            Handle,
            Name,
            PublicKey,
            SignCount,
            Transports.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            BackupEligible != 0,
            BackedUp != 0,
            StoreTime.FromMicros(CreatedAt),
            StoreTime.FromMicros(UsedAt));
    }
}
