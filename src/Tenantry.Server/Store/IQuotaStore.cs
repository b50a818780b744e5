using Tenantry.Model.Instances;
using Tenantry.Model.Wire;

namespace Tenantry.Server.Store;

/// <summary>
/// How much an organization may have. There are no counters: what is used is counted from the instances, in the transaction that changes them and under the organization's lock, so
/// that nothing is exceeded however many ask at once, and nothing leaks however they end.
/// </summary>
public interface IQuotaStore
{
    /// <summary>An organization's quotas with what is used of each, that of all tiers first.</summary>
    Task<IReadOnlyList<QuotaResponse>> ListQuotasAsync(string organization, CancellationToken cancellationToken);

    /// <summary>Replaces the limits of all tiers (null), or of one; with none of them the quota goes. Conflict when there is no such organization.</summary>
    Task PutQuotaAsync(string organization, string? tier, QuotaLimits limits, CancellationToken cancellationToken);

    /// <summary>Throws what the change would throw (<see cref="QuotaExceededException"/>), and changes nothing.</summary>
    /// <param name="present">The instance as it is; null: it would be a new one.</param>
    /// <param name="wanted">As it would be.</param>
    /// <param name="isWoken">Whether it would be awake then, however it rests now.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task CheckQuotaAsync(InstanceSpec? present, InstanceSpec wanted, bool isWoken, CancellationToken cancellationToken);

    /// <summary>
    /// Counts an instance that is about to be woken as awake, until it is or <see cref="ReleaseWakeAsync"/> is called, ten minutes at most. False: as many are awake as may be, and nothing
    /// happened.
    /// </summary>
    Task<bool> ClaimWakeAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>
    /// Writes that the engine has it awake from now on, as <see cref="IStore.PutRestAsync"/> does, within what may be awake: <see cref="QuotaExceededException"/>, and nothing happened, when
    /// that is full. Takes no claim of a wake and gives none back.
    /// </summary>
    Task<bool> PutWakeAsync(string instanceId, InstanceRest rest, InstanceRest? before, long generation, CancellationToken cancellationToken);

    /// <summary>The wake is over, whatever came of it.</summary>
    Task ReleaseWakeAsync(string instanceId, CancellationToken cancellationToken);
}

/// <summary>More than the organization may have. Nothing was changed.</summary>
public sealed class QuotaExceededException(string message) : StoreConflictException(message);
