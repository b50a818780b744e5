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

    public void Dispose() => _http.Dispose();

    private async Task<string> ManagementKeyAsync(LlmProviderRecord record, CancellationToken cancellationToken)
    {
        var place = LlmProviderRecord.PlaceOf(record.Name);
        var stored = new SealedSecret(place, LlmProviderRecord.KeyHolderOf(record.Name), record.ManagementKey, record.Version, Generated: false, RestoredFrom: 0, record.ChangedAt);
        try
        {
            return (await vault.OpenAsync([stored], cancellationToken))[place.Name];
        }
        catch (SecretUnreadableException)
        {
            throw new LlmProviderException(
                LlmFault.WrongManagementKey,
                $"The management key of {record.Name} cannot be opened with this engine's key: it was sealed to another key or changed in the store.");
        }
    }
}
