using System.Security.Cryptography;
using System.Text;

namespace Tenantry.Model.Builds;

/// <summary>One input of a build, as its digest sees it.</summary>
/// <param name="Path">Relative to the manifest, with <c>/</c> between its names.</param>
/// <param name="Kind">What it is.</param>
/// <param name="ContentHash">SHA-256 of its content, or of a link's target in UTF-8: 64 hexadecimal digits in lower case.</param>
public sealed record InputFile(string Path, InputKind Kind, string ContentHash);

/// <summary>Kinds of inputs.</summary>
public enum InputKind
{
    File,
    Executable,

    /// <summary>A symbolic link. It is not followed.</summary>
    Link,
}

/// <summary>The name of a build's inputs: equal exactly when paths, kinds and contents are equal. Times, owners and other permissions do not count.</summary>
public static class InputsDigest
{
    /// <returns><c>sha256:</c> and 64 hexadecimal digits.</returns>
    public static string Of(IEnumerable<InputFile> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in files.OrderBy(f => f.Path, StringComparer.Ordinal))
            hash.AppendData(Encoding.UTF8.GetBytes($"{file.Kind} {file.ContentHash} {file.Path}\0"));
        return "sha256:" + Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
