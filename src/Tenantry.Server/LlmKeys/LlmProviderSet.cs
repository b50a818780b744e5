using Tenantry.Server.LlmKeys.OpenRouter;
using Tenantry.Server.Secrets;
using Tenantry.Server.Store;

namespace Tenantry.Server.LlmKeys;

/// <summary>The providers that are configured, each with its management key opened. Only the engine has this.</summary>
public sealed class LlmProviderSet(IStore store, SecretVault vault, TimeProvider time) : IDisposable
{
    private const long LongestAnswer = 16 << 20;

    // No redirects: the management key would go where they lead.
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
    {
        Timeout = Timeout.InfiniteTimeSpan,
        MaxResponseContentBufferSize = LongestAnswer,
    };

    private readonly OpenRouterRetries _retries = OpenRouterRetries.Of(time);

    /// <summary>The provider of that name, or null when it is not configured.</summary>
    /// <exception cref="LlmProviderException">Its management key cannot be opened.</exception>
    public async Task<ILlmProvider?> FindAsync(string name, CancellationToken cancellationToken) =>
        await store.FindLlmProviderAsync(name, cancellationToken) is { } record ? await OpenAsync(record, cancellationToken) : null;

    /// <summary>The provider of a record.</summary>
    /// <exception cref="LlmProviderException">Its management key cannot be opened.</exception>
    public async Task<ILlmProvider> OpenAsync(LlmProviderRecord record, CancellationToken cancellationToken) =>
        new OpenRouterClient(_http, new Uri(record.BaseUrl), await ManagementKeyAsync(record, cancellationToken), record.Workspace, _retries, time);

    /// <summary>Binds keys that an older version sealed to the address that they are used at. To be called once, before anything is asked.</summary>
    public async Task AdoptAsync(CancellationToken cancellationToken)
    {
        foreach (var record in await store.ListLlmProvidersAsync(cancellationToken))
        {
            if (await TryOpenAsync(record, LlmProviderRecord.FirstPlaceOf(record.Name), cancellationToken) is not { } key)
                continue;
            var bound = await vault.SealAsync(LlmProviderRecord.PlaceOf(record.Name, record.BaseUrl), LlmProviderRecord.KeyHolderOf(record.Name), key, cancellationToken);
            try
            {
                await store.PutLlmProviderAsync(record with { ManagementKey = bound.Value }, record.Version, cancellationToken);
            }
            catch (StoreConflictException)
            {
                // Another control plane did it, or a person set it anew: both bind it.
            }
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<string> ManagementKeyAsync(LlmProviderRecord record, CancellationToken cancellationToken) =>
        await TryOpenAsync(record, LlmProviderRecord.PlaceOf(record.Name, record.BaseUrl), cancellationToken) ?? throw new LlmProviderException(
            LlmFault.WrongManagementKey,
            $"The management key of {record.Name} cannot be opened for {record.BaseUrl}: it was sealed to another key or for another address, or changed in the store.");

    private async Task<string?> TryOpenAsync(LlmProviderRecord record, SecretPlace place, CancellationToken cancellationToken)
    {
        var stored = new SealedSecret(place, LlmProviderRecord.KeyHolderOf(record.Name), record.ManagementKey, record.Version, Generated: false, RestoredFrom: 0, record.ChangedAt);
        try
        {
            return (await vault.OpenAsync([stored], cancellationToken))[place.Name];
        }
        catch (SecretUnreadableException)
        {
            return null;
        }
    }
}
