using System.Text;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Docker.Running;

/// <summary>
/// Hands on what a command prints. Of a command that it could not start the engine tells why on standard output: what may be that is held back until it is known
/// whether the command was started.
/// </summary>
internal sealed class ExecOutput(ExecRequest request)
{
    private byte[]? _held;
    private bool _hasPrinted;

    /// <summary>What the engine said of the start, if it is that; null when the command printed something else.</summary>
    internal string? Held => _held is { } held ? Encoding.UTF8.GetString(held).Trim() : null;

    internal async ValueTask AddAsync(bool isError, ReadOnlyMemory<byte> piece, CancellationToken cancellationToken)
    {
        if (!_hasPrinted && !isError && _held is null && DockerErrors.MayBeExecRefusal(piece.Span))
        {
            _held = piece.ToArray();
            return;
        }

        await PassAsync(cancellationToken);
        _hasPrinted = true;
        await (isError ? request.Error(piece, cancellationToken) : request.Output(piece, cancellationToken));
    }

    /// <summary>Hands on what was held back: the command printed it.</summary>
    internal async ValueTask PassAsync(CancellationToken cancellationToken)
    {
        if (_held is not { } held)
            return;
        _held = null;
        await request.Output(held, cancellationToken);
    }
}
