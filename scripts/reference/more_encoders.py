"""Further families for encoder_blocks.py, which registers them: architectures that hold their blocks in other ways.

Each entry of the tables below is a model, the pattern of its blocks' modules and what makes it small.
"""

import timm
import torchvision
import transformers
from encoder_blocks import eager, families, image, of_transformers, plain, reading, small, timm_of, words

stages = r"stages\.\d+\.blocks\.\d+"
numbered = r"blocks\.\d+"
double = r"blocks\.\d+\.\d+"
layers = r".*layers?\.\d+"
tiny = {"img_size": 32, "patch_size": 8, "embed_dim": 16, "depth": 2, "num_heads": 2}
four = {"depths": (1, 1, 2, 1), "num_heads": (1, 2, 2, 2)}
widths = (8, 16, 24, 32)

# Name -> model of timm, blocks, side of an image, settings.
of_timm = {
    "hiera": ("hiera_tiny_224", numbered, 64, {"img_size": 64, "embed_dim": 8, "num_heads": 1, "stages": (1, 1, 1, 1)}),
    "xcit": ("xcit_nano_12_p16_224", r"(cls_attn_)?blocks\.\d+", 64, {"img_size": 64, "embed_dim": 16, "depth": 2, "num_heads": 2}),
    "levit": ("levit_128s", stages, 64, {"embed_dim": (16, 24, 32), "key_dim": 8, "num_heads": (2, 2, 2), "depth": (1, 1, 1), "img_size": 64}),
    "mvitv2": ("mvitv2_tiny", stages, 64, {"img_size": 64}),
    "twins": ("twins_pcpvt_small", double, 64, {"img_size": 64, "embed_dims": widths, **four}),
    "twins_svt": ("twins_svt_small", double, 64, {"img_size": 64, "embed_dims": widths, **four}),
    "pit": ("pit_ti_224", r"transformers\.\d+\.blocks\.\d+", 64, {"img_size": 64, "base_dims": (8, 8, 8), "depth": (1, 2, 1), "heads": (1, 2, 2)}),
    "davit": ("davit_tiny", stages, 64, {"embed_dims": (8, 16), "depths": (1, 2), "num_heads": (1, 2), "window_size": 4}),
    "edgenext": ("edgenext_xx_small", stages, 64, {"dims": widths, "depths": (1, 1, 2, 1), "heads": (2, 2, 2, 2)}),
    "efficientvit": ("efficientvit_b0", stages, 64, {}),
    "fasternet": ("fasternet_t0", stages, 64, {"depths": (1, 1, 2, 1), "embed_dim": 8}),
    "ghostnet": ("ghostnet_050", double, 64, {}),
    "hgnet": ("hgnetv2_b0", stages, 64, {}),
    "mambaout": ("mambaout_femto", stages, 64, {"dims": widths, "depths": (1, 1, 2, 1)}),
    "mnasnet": ("mnasnet_050", double, 64, {}),
    "mobilenetv4": ("mobilenetv4_conv_small_050", double, 64, {}),
    "repghost": ("repghostnet_050", double, 64, {}),
    "res2net": ("res2net50_26w_4s", r"layer\d+\.\d+", 64, {"layers": (1, 1, 1, 1)}),
    "resnetv2": ("resnetv2_50", stages, 64, {"layers": (1, 1, 2, 1), "channels": (16, 16, 24, 32)}),
    "resnext": ("resnext50_32x4d", r"layer\d+\.\d+", 64, {"layers": (1, 1, 1, 1)}),
    "visformer": ("visformer_tiny", r"stage\d+\.\d+", 64, {"img_size": 64, "embed_dim": 48, "depth": (1, 1, 1), "num_heads": 2}),
    "vovnet": ("ese_vovnet19b_dw", stages, 64, {}),
    "deit3": ("deit3_small_patch16_224", numbered, 32, tiny),
    "relpos": ("vit_relpos_small_patch16_224", numbered, 32, tiny),
    "coat_lite": ("coat_lite_tiny", r"serial_blocks\d\.\d+", 64, {"img_size": 64, "embed_dims": (16, 16, 24, 32), "serial_depths": (1, 1, 1, 1), "num_heads": 8}),
    "convit": ("convit_tiny", numbered, 32, {**tiny, "local_up_to_layer": 1}),
    "ecaresnet": ("ecaresnet26t", r"layer\d+\.\d+", 64, {"layers": (1, 1, 1, 1)}),
    "efficientformer": ("efficientformer_l1", stages, 224, {"embed_dims": widths, "depths": (1, 1, 1, 2)}),
    "efficientformerv2": ("efficientformerv2_s0", stages, 64, {"img_size": 64, "embed_dims": widths, "depths": (1, 1, 1, 2)}),
    "efficientnetv2": ("tf_efficientnetv2_b0", double, 64, {}),
    "mobileone": ("mobileone_s0", r"stages\.\d+\.\d+", 64, {}),
    "mobilevitv2": ("mobilevitv2_050", r"stages\.\d+\.\d+", 64, {}),
    "pe_core": ("vit_pe_core_tiny_patch16_384", numbered, 32, tiny),
    "repvgg": ("repvgg_a0", r"stages\.\d+\.\d+", 64, {}),
    "resnest": ("resnest14d", r"layer\d+\.\d+", 64, {}),
    "sam": ("samvit_base_patch16", numbered, 64, {**tiny, "img_size": 64, "window_size": 4, "global_attn_indexes": (1,)}),
    "seresnet": ("seresnet18", r"layer\d+\.\d+", 32, {"layers": (1, 2, 1, 1), "channels": (16, 16, 24, 32)}),
    "shvit": ("shvit_s1", stages, 128, {}),
    "skresnet": ("skresnet18", r"layer\d+\.\d+", 32, {"layers": (1, 1, 1, 1)}),
    "starnet": ("starnet_s1", stages, 64, {}),
    "swiftformer": ("swiftformer_xs", stages, 64, {}),
    "swinv2_cr": ("swinv2_cr_tiny_224", stages, 64, {"img_size": 64, "embed_dim": 8, "depths": (1, 2), "num_heads": (1, 2)}),
    "xception": ("xception41", r"blocks\.\d+", 64, {}),
    "nf_resnet": ("nf_resnet26", r"stages\.\d+\.\d+", 64, {}),
    "dpn": ("dpn48b", r"features\.conv\d+_\d+", 64, {}),
    "rexnet": ("rexnet_100", r"features\.\d+", 64, {}),
    "gernet": ("gernet_s", r"stages\.\d+\.\d+", 64, {}),
    "botnet": ("botnet26t_256", r"stages\.\d+\.\d+", 64, {"img_size": 64}),
    "tinynet": ("tinynet_e", double, 64, {}),
    "lcnet": ("lcnet_050", double, 64, {}),
    "nextvit": ("nextvit_small", stages, 64, {"depths": (1, 1, 2, 1)}),
    "cspresnet": ("cspresnet50", stages, 64, {}),
    "vitamin": ("vitamin_small_224", r"(patch_embed\.backbone\.stages\.\d+\.)?blocks\.\d+", 64, {"img_size": 64, "depth": 2}),
}

# Name -> model of transformers, its configuration's name and settings, blocks, side of an image.
of_images = {
    "aimv2": ("Aimv2VisionModel", "Aimv2VisionConfig", {**small, **image}, layers, 32),
    "altclip": ("AltCLIPVisionModel", "AltCLIPVisionConfig", {**small, **image}, layers, 32),
    "bit": ("BitModel", "BitConfig", {"embedding_size": 16, "hidden_sizes": [16, 24, 32, 40], "depths": [1, 1, 2, 1], "num_groups": 4}, r".*stages\.\d+\.layers\.\d+", 64),
    "data2vec": ("Data2VecVisionModel", "Data2VecVisionConfig", {**small, **image, "use_relative_position_bias": True}, layers, 32),
    "dinov3_convnext": ("DINOv3ConvNextModel", "DINOv3ConvNextConfig", {"hidden_sizes": [8, 12, 16, 20], "depths": [1, 1, 2, 1], "image_size": 64}, r".*stages\.\d+\.layers\.\d+", 64),
    "focalnet": ("FocalNetModel", "FocalNetConfig", {"image_size": 32, "embed_dim": 8, "hidden_sizes": [8, 16], "depths": [1, 2], "focal_levels": [2, 2], "focal_windows": [3, 3]}, r".*stages\.\d+\.layers\.\d+", 32),
    "hiera": ("HieraModel", "HieraConfig", {"embed_dim": 8, "image_size": [64, 64], "num_heads": [1, 2, 2, 2], "depths": [1, 1, 1, 1]}, r".*stages\.\d+\.layers\.\d+", 64),
    "metaclip_2": ("MetaClip2VisionModel", "MetaClip2VisionConfig", {**small, **image}, layers, 32),
    "mlcd": ("MLCDVisionModel", "MLCDVisionConfig", {**small, **image}, layers, 32),
    "mobilenet_v1": ("MobileNetV1Model", "MobileNetV1Config", {"image_size": 64, "depth_multiplier": 0.25}, r".*layer\.\d+", 64),
    "owlvit": ("OwlViTVisionModel", "OwlViTVisionConfig", {**small, **image}, layers, 32),
    "pixio": ("PixioModel", "PixioConfig", {**small, **image}, layers, 32),
    "poolformer": ("PoolFormerModel", "PoolFormerConfig", {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 2, 1]}, r".*block\.\d+\.\d+", 64),
    "align": ("AlignVisionModel", "AlignVisionConfig", {"image_size": 64, "width_coefficient": 0.25, "depth_coefficient": 0.3, "hidden_dim": 320}, r".*blocks\.\d+", 64),
    "blip_2": ("Blip2VisionModel", "Blip2VisionConfig", {**small, **image}, layers, 32),
    "clipseg": ("CLIPSegVisionModel", "CLIPSegVisionConfig", {**small, **image}, layers, 32),
    "donut_swin": ("DonutSwinModel", "DonutSwinConfig", {"image_size": 32, "patch_size": 2, "embed_dim": 8, "depths": [2, 2], "num_heads": [2, 2], "window_size": 4}, r".*layers\.\d+\.blocks\.\d+", 32),
    "dpt": ("DPTModel", "DPTConfig", {**small, **image}, layers, 32),
    "flava": ("FlavaImageModel", "FlavaImageConfig", {**small, **image}, layers, 32),
    "git": ("GitVisionModel", "GitVisionConfig", {**small, **image}, layers, 32),
    "glpn": ("GLPNModel", "GLPNConfig", {"hidden_sizes": [8, 16, 24, 32], "num_attention_heads": [1, 2, 2, 2], "depths": [1, 1, 1, 1]}, r"encoder\.block\.\d+\.\d+", 64),
    "internvl": ("InternVLVisionModel", "InternVLVisionConfig", {**small, "image_size": [32, 32], "patch_size": [8, 8]}, layers, 32),
    "janus": ("JanusVisionModel", "JanusVisionConfig", {**small, **image}, layers, 32),
    "levit": ("LevitModel", "LevitConfig", {"image_size": 64, "hidden_sizes": [16, 24, 32], "num_attention_heads": [2, 2, 2], "depths": [1, 1, 1], "key_dim": [8, 8, 8]}, r".*stages\.\d+\.layers\.\d+", 64),
    "mobilevitv2": ("MobileViTV2Model", "MobileViTV2Config", {"image_size": 64, "width_multiplier": 0.25}, r"encoder\.layer\.\d+", 64),
    "pvt": ("PvtModel", "PvtConfig", {"image_size": 64, "hidden_sizes": [8, 16, 24, 32], "num_attention_heads": [1, 2, 2, 2], "depths": [1, 1, 1, 1]}, r"encoder\.block\.\d+\.\d+", 64),
    "sam": ("SamVisionModel", "SamVisionConfig", {**small, "image_size": 64, "patch_size": 8, "window_size": 4, "global_attn_indexes": [1], "output_channels": 12, "mlp_dim": 24}, layers, 64),
    "segformer": ("SegformerModel", "SegformerConfig", {"hidden_sizes": [8, 16, 24, 32], "num_attention_heads": [1, 2, 2, 2], "depths": [1, 1, 1, 1]}, r".*stages\.\d+\.blocks\.\d+", 64),
    "swiftformer": ("SwiftFormerModel", "SwiftFormerConfig", {"embed_dims": [8, 16, 24, 32], "depths": [1, 1, 1, 1], "image_size": 64}, r".*network\.\d+\.blocks\.\d+", 64),
    "vitdet": ("VitDetModel", "VitDetConfig", {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, **image, "pretrain_image_size": 32, "window_size": 2, "window_block_indices": [0], "use_relative_position_embeddings": True}, layers, 32),
    "groupvit": ("GroupViTVisionModel", "GroupViTVisionConfig", {"hidden_size": 16, "intermediate_size": 24, "depths": [2, 2], "num_hidden_layers": 4, "num_attention_heads": 2, "num_group_tokens": [4, 0], "num_output_groups": [4, 2], "image_size": 32, "patch_size": 8}, r".*stages\.\d+\.layers\.\d+", 32),
    "yolos": ("YolosModel", "YolosConfig", {**small, "image_size": [32, 32], "patch_size": 8, "num_detection_tokens": 4}, layers, 32),
    "pvt_v2": ("PvtV2Model", "PvtV2Config", {"image_size": 64, "hidden_sizes": [8, 16, 24, 32], "num_attention_heads": [1, 2, 2, 2], "depths": [1, 1, 1, 1]}, r".*layers\.\d+\.blocks\.\d+", 64),
}

# Name -> model of transformers, its configuration's name and settings, blocks.
wide = words | {"max_position_embeddings": 64}
grouped = {**small, "num_key_value_heads": 1, "head_dim": 8}
of_texts = {
    "albert": ("AlbertModel", "AlbertConfig", {**small, "embedding_size": 8, **words}, r".*albert_layers\.\d+"),
    "bloom": ("BloomModel", "BloomConfig", {"hidden_size": 16, "n_layer": 2, "n_head": 2, "vocab_size": 40, "pad_token_id": 39}, r"h\.\d+"),
    "convbert": ("ConvBertModel", "ConvBertConfig", {**small, "embedding_size": 16, "conv_kernel_size": 3, **words}, r".*layer\.\d+"),
    "deberta": ("DebertaV2Model", "DebertaV2Config", {**small, **words, "relative_attention": True, "position_buckets": 8, "pos_att_type": ["p2c", "c2p"], "norm_rel_ebd": "layer_norm", "share_att_key": True}, r".*layer\.\d+"),
    "electra": ("ElectraModel", "ElectraConfig", {**small, "embedding_size": 16, **words}, r".*layer\.\d+"),
    "eurobert": ("EuroBertModel", "EuroBertConfig", {**grouped, **words}, r"layers\.\d+"),
    "gpt2": ("GPT2Model", "GPT2Config", {"n_embd": 16, "n_layer": 2, "n_head": 2, "vocab_size": 40, "n_positions": 16}, r"h\.\d+"),
    "mpt": ("MptModel", "MptConfig", {"d_model": 16, "n_layers": 2, "n_heads": 2, "vocab_size": 40, "max_seq_len": 16}, r"blocks\.\d+"),
    "nomic_bert": ("NomicBertModel", "NomicBertConfig", {**small, **words}, r".*layers?\.\d+"),
    "qwen3": ("Qwen3Model", "Qwen3Config", {**grouped, **words}, r"layers\.\d+"),
    "roformer": ("RoFormerModel", "RoFormerConfig", {**small, **words}, r".*layer\.\d+"),
    "t5_encoder": ("T5EncoderModel", "T5Config", {"d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 2, "num_heads": 2, "vocab_size": 40, "pad_token_id": 39}, r".*block\.\d+"),
    "deberta_v1": ("DebertaModel", "DebertaConfig", {**small, **words, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]}, layers),
    "roberta_prelayernorm": ("RobertaPreLayerNormModel", "RobertaPreLayerNormConfig", {**small, **wide}, layers),
    "big_bird": ("BigBirdModel", "BigBirdConfig", {**small, **words, "attention_type": "original_full"}, layers),
    "xlm_roberta_xl": ("XLMRobertaXLModel", "XLMRobertaXLConfig", {**small, **wide}, layers),
    "gemma2": ("Gemma2Model", "Gemma2Config", {**grouped, **words}, layers),
    "camembert": ("CamembertModel", "CamembertConfig", {**small, **wide}, layers),
    "data2vec_text": ("Data2VecTextModel", "Data2VecTextConfig", {**small, **wide}, layers),
    "ernie": ("ErnieModel", "ErnieConfig", {**small, **words}, layers),
    "fnet": ("FNetModel", "FNetConfig", {**small, **words}, layers),
    "gemma": ("GemmaModel", "GemmaConfig", {**grouped, **words}, layers),
    "gemma3": ("Gemma3TextModel", "Gemma3TextConfig", {**grouped, **words}, layers),
    "gpt_neox": ("GPTNeoXModel", "GPTNeoXConfig", {**small, **words}, layers),
    "llama": ("LlamaModel", "LlamaConfig", {**grouped, **words}, layers),
    "megatron_bert": ("MegatronBertModel", "MegatronBertConfig", {**small, **words}, layers),
    "mistral": ("MistralModel", "MistralConfig", {**grouped, **words}, layers),
    "mobilebert": ("MobileBertModel", "MobileBertConfig", {**small, "embedding_size": 8, "intra_bottleneck_size": 8, "true_hidden_size": 8, **words}, layers),
    "opt": ("OPTModel", "OPTConfig", {"hidden_size": 16, "ffn_dim": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "word_embed_proj_dim": 16, **words}, layers),
    "phi": ("PhiModel", "PhiConfig", {**small, **words}, layers),
    "qwen2": ("Qwen2Model", "Qwen2Config", {**small, "num_key_value_heads": 1, **words}, layers),
    "rembert": ("RemBertModel", "RemBertConfig", {**small, "input_embedding_size": 8, "output_embedding_size": 8, **words}, layers),
    "squeezebert": ("SqueezeBertModel", "SqueezeBertConfig", {**small, "embedding_size": 16, **words, "q_groups": 2, "k_groups": 2, "v_groups": 2, "post_attention_groups": 1, "intermediate_groups": 2, "output_groups": 2}, layers),
    "umt5": ("UMT5EncoderModel", "UMT5Config", {"d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 2, "num_heads": 2, "vocab_size": 40, "pad_token_id": 39}, r".*block\.\d+"),
    "xlm_roberta": ("XLMRobertaModel", "XLMRobertaConfig", {**small, **wide}, r".*layer\.\d+"),
    "xlnet": ("XLNetModel", "XLNetConfig", {"d_model": 16, "d_inner": 24, "n_layer": 2, "n_head": 2, "vocab_size": 40, "pad_token_id": 39}, r"layer\.\d+"),
}


one = (1, 1, 1, 1)
heads = (1, 2, 2, 2)
# Name -> what makes a model of timm whose named forms fix the sizes, blocks, side of an image.
of_timm_classes = {
    "convmixer": (lambda: timm.models.convmixer.ConvMixer(16, 2, 3, 8, num_classes=0), numbered, 32),
    "focalnet": (lambda: timm.models.focalnet.FocalNet(num_classes=0, embed_dim=8, depths=(1, 2)), r"layers\.\d+\.blocks\.\d+", 64),
    "gcvit": (lambda: timm.models.gcvit.GlobalContextVit(num_classes=0, img_size=64, embed_dim=8, depths=one, num_heads=heads, window_ratio=(4, 4, 4, 2)), stages, 64),
    "gmlp": (lambda: timm.models.mlp_mixer.MlpMixer(num_classes=0, img_size=32, patch_size=8, embed_dim=16, num_blocks=2, mlp_ratio=4, block_layer=timm.models.mlp_mixer.SpatialGatingBlock, mlp_layer=timm.models.mlp_mixer.GatedMlp), numbered, 32),
    "nest": (lambda: timm.models.nest.Nest(64, 3, 4, num_levels=3, embed_dims=(8, 16, 32), num_heads=(1, 2, 4), depths=(1, 1, 2), num_classes=0), r"levels\.\d+\.transformer_encoder\.\d+", 64),
    "resmlp": (lambda: timm.models.mlp_mixer.MlpMixer(num_classes=0, img_size=32, patch_size=8, embed_dim=16, num_blocks=2, mlp_ratio=4, block_layer=timm.models.mlp_mixer.ResBlock, norm_layer=timm.models.mlp_mixer.Affine), numbered, 32),
    "tiny_vit": (lambda: timm.models.tiny_vit.TinyVit(num_classes=0, embed_dims=widths, depths=one, num_heads=heads, window_sizes=(4, 4, 4, 2)), stages, 64),
    "tnt": (lambda: timm.models.tnt.TNT(img_size=32, patch_size=8, num_classes=0, embed_dim=16, inner_dim=8, depth=2, num_heads_inner=2, num_heads_outer=2), numbered, 32),
    "volo": (lambda: timm.models.volo.VOLO(num_classes=0, img_size=64, layers=one, embed_dims=(16, 24, 24, 24), num_heads=heads), r"network\.\d+\.\d+", 64),
}


def of_library(model: str, config: str, settings: dict):
    made, kind = getattr(transformers, config)(**settings), getattr(transformers, model)
    try:
        return kind._from_config(made, **eager)
    except ValueError:  # it has one way of attention, or none
        return kind(made)


def register() -> None:
    for name, (model, blocks, size, settings) in of_timm.items():
        families[f"timm_{name}"] = lambda model=model, blocks=blocks, size=size, settings=settings: timm_of(model, blocks, size, **settings)
    for name, (model, config, settings, blocks, size) in of_images.items():
        families[name] = lambda *given, made=(model, config, settings), blocks=blocks, size=size: of_transformers(of_library(*made), blocks, size)
    for name, (model, config, settings, blocks) in of_texts.items():
        families[name] = lambda *given, made=(model, config, settings), blocks=blocks: reading(of_library(*made), blocks)
    for name, (make, blocks, size) in of_timm_classes.items():
        families[f"timm_{name}"] = lambda make=make, blocks=blocks, size=size: plain(make(), blocks, size, "timm")
    families["timm_coatnet"] = lambda: plain(coatnet(), stages, 64, "timm")
    families["tv_squeezenet"] = lambda: plain(torchvision.models.squeezenet1_1(weights=None, num_classes=10), r"features\.(?!0$|2$|5$|8$|1$)\d+", 64, "torchvision")
    families["timm_maxvit"] = lambda: plain(maxvit(), stages, 64, "timm")
    families["tv_maxvit"] = lambda: plain(torchvision_maxvit(), r"blocks\.\d+\.layers\.\d+", 64, "torchvision")


def maxvit():
    parts = timm.models.maxxvit
    attention = parts.MaxxVitTransformerCfg(dim_head=8, window_size=(4, 4), grid_size=(4, 4), rel_pos_type="bias")
    config = parts.MaxxVitCfg(embed_dim=(8, 16), depths=(1, 1), block_type=("M", "M"), stem_width=8, conv_cfg=parts.MaxxVitConvCfg(expand_ratio=2), transformer_cfg=attention)
    return parts.MaxxVit(config, img_size=64, num_classes=0)


def coatnet():
    """Two stages of convolutions, two of attention with a bias of positions."""
    parts = timm.models.maxxvit
    attention = parts.MaxxVitTransformerCfg(dim_head=8, window_size=(2, 2), grid_size=(2, 2), rel_pos_type="bias")
    config = parts.MaxxVitCfg(embed_dim=(8, 16, 16, 24), depths=(1, 1, 2, 1), block_type=("C", "C", "T", "T"), stem_width=8, conv_cfg=parts.MaxxVitConvCfg(expand_ratio=2), transformer_cfg=attention)
    return parts.MaxxVit(config, img_size=64, num_classes=0)


def torchvision_maxvit():
    sizes = {"input_size": (64, 64), "stem_channels": 8, "partition_size": 2, "block_channels": [8, 16], "block_layers": [1, 2], "head_dim": 8}
    return torchvision.models.MaxVit(**sizes, stochastic_depth_prob=0.0, num_classes=10)
