using System.Net;
using Tenantry.Model.Wire;

namespace Tenantry.Client;

/// <summary>Input files of builds, by their digest.</summary>
public sealed class SourcesClient
{
    private readonly Transport _transport;

    internal SourcesClient(Transport transport) => _transport = transport;

    /// <summary>Whether the control plane has the files of that digest already.</summary>
    public async Task<bool> HasAsync(string digest, CancellationToken cancellationToken = default)
    {
        try
        {
            using var request = _transport.Request(HttpMethod.Head, Route(digest));
            using var response = await _transport.SendAsync(request, cancellationToken);
            return true;
        }
        catch (TenantryException missing) when (missing.Status == HttpStatusCode.NotFound)
        {
            return false;
        }
    }

    /// <summary>Sends the files. Refused when one of them was changed since its digest was taken.</summary>
    public Change<string> Put(BuildInputs inputs) =>
        _transport.Empty(HttpMethod.Put, Route(inputs.Digest), inputs.Digest, () => new TarContent(inputs));

    private static string Route(string digest) => "v1/sources/" + Uri.EscapeDataString(digest);

    private sealed class TarContent : HttpContent
    {
        private readonly BuildInputs _inputs;

        public TarContent(BuildInputs inputs)
        {
            _inputs = inputs;
            Headers.ContentType = new("application/x-tar");
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            _inputs.WriteTarAsync(stream, CancellationToken.None);

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
            _inputs.WriteTarAsync(stream, cancellationToken);

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
