namespace Tenantry.Server.Store;

/// <summary>What the store knows of who asks: tokens, answers that are given again, and the audit. As for everything of <see cref="IStore"/>, a call throws <see cref="StoreUnavailableException"/> while the database is away.</summary>
public interface IAccessStore
{
    /// <summary>Stores a token's hash. The token itself is never stored.</summary>
    Task AddTokenAsync(ApiToken token, CancellationToken cancellationToken);

    Task<ApiToken?> FindTokenAsync(string hash, CancellationToken cancellationToken);

    /// <summary>A token was used at that time.</summary>
    Task UseTokenAsync(string hash, DateTimeOffset at, CancellationToken cancellationToken);

    Task<IReadOnlyList<ApiToken>> ListTokensAsync(CancellationToken cancellationToken);

    Task<bool> DeleteTokenAsync(string name, CancellationToken cancellationToken);

    /// <summary>The answer that was given to a key, or null. Keys are forgotten after a day.</summary>
    Task<IdempotentAnswer?> FindAnswerAsync(string key, CancellationToken cancellationToken);

    /// <summary>Conflict when the key has one already.</summary>
    Task SaveAnswerAsync(IdempotentAnswer answer, CancellationToken cancellationToken);

    /// <summary>Appends a hash-chained row.</summary>
    Task AppendAuditAsync(AuditEntry entry, CancellationToken cancellationToken);

    /// <summary>Newest first.</summary>
    Task<Page<AuditRow>> ListAuditAsync(PageRequest page, CancellationToken cancellationToken);

    /// <summary>Those that fit, newest first.</summary>
    Task<Page<AuditRow>> FindAuditAsync(AuditFilter filter, PageRequest page, CancellationToken cancellationToken);

    /// <summary>Rows after that one, oldest first.</summary>
    Task<IReadOnlyList<AuditRow>> ReadAuditAsync(long after, int limit, CancellationToken cancellationToken);

    /// <summary>Where the chain ends.</summary>
    Task<AuditHead> ReadAuditHeadAsync(CancellationToken cancellationToken);

    /// <summary>Looks for changed, missing and reordered rows: null when the chain is whole, otherwise the sentence that names the first bad row.</summary>
    Task<string?> VerifyAuditAsync(CancellationToken cancellationToken);
}
