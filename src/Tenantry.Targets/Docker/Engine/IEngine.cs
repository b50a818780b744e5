using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tenantry.Targets.Docker.Engine;

/// <summary>A container engine's API. Paths begin with <c>/</c> and hold no version. Every failure is an <see cref="EngineException"/>.</summary>
internal interface IEngine : IAsyncDisposable
{
    /// <summary>Asks; the answer is JSON.</summary>
    Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken);

    /// <summary>Tells; the answer is JSON, or <c>default</c> when it has no body. "Not modified" is an answer.</summary>
    Task<JsonElement> PostAsync(string path, JsonNode? body, CancellationToken cancellationToken);

    /// <summary>Removes. False when it was not there.</summary>
    Task<bool> DeleteAsync(string path, CancellationToken cancellationToken);

    /// <summary>Sends an archive.</summary>
    Task PutAsync(string path, Stream archive, CancellationToken cancellationToken);

    /// <summary>The body of an answer as it comes. <paramref name="body"/> is sent as an archive with POST; null asks with GET, empty posts nothing.</summary>
    Task<Stream> StreamAsync(string path, Stream? body, CancellationToken cancellationToken);

    /// <summary>A connection that is the streams of a command from then on.</summary>
    Task<IHijacked> HijackAsync(string path, JsonNode body, CancellationToken cancellationToken);

    /// <summary>The engine's process, when it is on this machine and can be seen; else null.</summary>
    Task<int?> FindProcessAsync(CancellationToken cancellationToken);
}

/// <summary>A connection that became a command's streams.</summary>
internal interface IHijacked : IAsyncDisposable
{
    /// <summary>Both ways.</summary>
    Stream Stream { get; }

    /// <summary>Tells the other side that no more input comes.</summary>
    Task EndInputAsync();
}

/// <summary>The engine refused, or could not be reached.</summary>
internal sealed class EngineException(HttpStatusCode? status, string message, Exception? cause = null) : IOException(message, cause)
{
    /// <summary>What it answered; null when it did not answer.</summary>
    internal HttpStatusCode? Status { get; } = status;
}
