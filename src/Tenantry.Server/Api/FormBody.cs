using Microsoft.AspNetCore.Http;

namespace Tenantry.Server.Api;

/// <summary>The form that a browser or a provider sends. A broken one is the sender's mistake (400), wherever it is read.</summary>
public static class FormBody
{
    /// <param name="context">The request.</param>
    /// <param name="expected">What is missing when it is no form, as a sentence.</param>
    /// <exception cref="ProblemException">It is none, or cannot be read.</exception>
    public static async Task<IFormCollection> ReadAsync(HttpContext context, string expected)
    {
        if (!context.Request.HasFormContentType)
            throw ProblemException.BadRequest(expected);
        try
        {
            return await context.Request.ReadFormAsync(context.RequestAborted);
        }
        catch (Exception broken) when (broken is InvalidDataException or (IOException and not BadHttpRequestException))
        {
            // Fields that are too many or too long, a part without its end.
            throw ProblemException.BadRequest($"The form cannot be read: it is cut off, or larger than a form may be. {expected}");
        }
    }
}
