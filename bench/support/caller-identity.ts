/** The answer of STS to GetCallerIdentity. */
export const CALLER_IDENTITY = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
    <Arn>arn:aws:iam::111122223333:user/bench</Arn><UserId>bench</UserId><Account>111122223333</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>`
