using System.Text;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Manifests;
using Tenantry.Server.Secrets;

namespace Tenantry.Cli.Commands.Secrets;

/// <summary>Values from where a person says: a prompt that shows nothing, standard input, or a file.</summary>
internal static class SecretInput
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>A secret's value.</summary>
    public static async Task<string> ReadAsync(Call call, string name, string? file)
    {
        var value = file is not null ? await ReadFileAsync(call, name, file)
            : call.Output.CanAsk ? Prompt.Hidden(call.Host, $"Value of {name}")
            : WithoutLastLineEnd(await call.Host.In.ReadToEndAsync(call.CancellationToken));
        return value.Length > 0 ? value : throw new CliException(ExitCode.Usage, "The value is empty: an empty value is not a value.", "'tenantry secret unset' takes a value away.");
    }

    /// <summary>Asks a person for a value, and again while it is not one that the manifest takes.</summary>
    public static string Ask(CliHost host, SecretDefinition secret)
    {
        while (true)
        {
            var value = Prompt.Hidden(host, secret.Prompt ?? $"Value of {secret.Name}");
            if (SecretValues.Problem(secret, value) is not { } problem)
                return value;
            host.Error.WriteLine(problem);
        }
    }

    /// <summary>A secret's value from a file, as it is; the file must be there and hold one.</summary>
    public static async Task<string> ReadFileAsync(Call call, string name, string file)
    {
        var value = await ReadTextAsync(call, $"The value of the secret {name}", file);
        return value.Length > 0 ? value : throw new CliException(ExitCode.Usage, $"The file '{file}', which shall hold the value of the secret {name}, is empty.");
    }

    /// <summary>A file's text, not a byte of it changed.</summary>
    public static async Task<string> ReadTextAsync(Call call, string what, string file)
    {
        try
        {
            return Strict.GetString(await File.ReadAllBytesAsync(call.Host.FullPath(file), call.CancellationToken));
        }
        catch (DecoderFallbackException)
        {
            throw new CliException(ExitCode.Usage, $"{what} cannot be read from '{file}': it is not UTF-8 text.", "Write binary values in base64: 'base64 -w0 FILE'.");
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CliException(ExitCode.Usage, $"{what} cannot be read from '{file}': {unread.Message}");
        }
    }

    private static string WithoutLastLineEnd(string text) => text.EndsWith('\n') ? text[..^1].TrimEnd('\r') : text;
}
