namespace Tenantry.Server.Store;

/// <summary>Passkeys of people, and what is asked of an authenticator until it answers.</summary>
public interface IPasskeyStore
{
    /// <summary>Conflict when it is known already, the person is gone, or they have more than <paramref name="most"/> then.</summary>
    Task AddPasskeyAsync(Passkey passkey, int most, CancellationToken cancellationToken);

    Task<IReadOnlyList<Passkey>> ListPasskeysAsync(string email, CancellationToken cancellationToken);

    /// <summary>Whom authenticators know by that handle, or null.</summary>
    Task<string?> FindPasskeyOwnerAsync(string handle, CancellationToken cancellationToken);

    /// <summary>It signed somebody in.</summary>
    Task UsePasskeyAsync(string id, long signCount, bool isBackedUp, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>With it end the sessions that passkeys of the person began, but for that of <paramref name="keptSession"/>. False when the person has none of that id.</summary>
    Task<bool> DeletePasskeyAsync(string email, string id, string keptSession, CancellationToken cancellationToken);

    /// <summary>What was asked and for what, by the SHA-256 of what the browser keeps. What has expired goes; with <paramref name="isOnly"/>, whatever was asked for the same, too.</summary>
    Task AddPasskeyHandshakeAsync(string hash, string purpose, string state, bool isOnly, DateTimeOffset expiresAt, CancellationToken cancellationToken);

    /// <summary>The purpose and what was asked, in two lines, once; null when it was answered already, or too long ago.</summary>
    Task<string?> TakePasskeyHandshakeAsync(string hash, CancellationToken cancellationToken);
}

/// <summary>The public half of a passkey.</summary>
/// <param name="Id">The authenticator's name for it, base64url.</param>
/// <param name="Email">Whose it is.</param>
/// <param name="Handle">The name by which authenticators know the person: random, the same for all of theirs.</param>
/// <param name="Name">How the person calls it.</param>
/// <param name="PublicKey">COSE, base64url.</param>
/// <param name="SignCount">How often it was used, as the authenticator counts; 0: it does not.</param>
/// <param name="Transports">How it can be reached.</param>
/// <param name="IsBackupEligible">It may be copied to other devices of the person.</param>
/// <param name="IsBackedUp">It was.</param>
/// <param name="CreatedAt">When it was added.</param>
/// <param name="UsedAt">When it signed in last.</param>
public sealed record Passkey(
    string Id, string Email, string Handle, string Name, string PublicKey, long SignCount, IReadOnlyList<string> Transports, bool IsBackupEligible, bool IsBackedUp, DateTimeOffset CreatedAt, DateTimeOffset? UsedAt = null);
